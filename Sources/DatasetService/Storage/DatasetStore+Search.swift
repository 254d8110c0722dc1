import GRDB
import LookoutVision

/// What a person looks for among a dataset's entries.
struct EntrySearch: Sendable, Hashable {
    /// Part of the `source-ref`; A to Z in any case.
    var text: String?
    /// Any of these; nil for all.
    var classes: Set<ImageClass>?
    /// The latest arrivals first.
    var newestFirst = true
    /// Only what comes after this entry, or with `isBackwards` before it, in the order of the search.
    var start: Int64?
    var isBackwards = false
}

/// An entry without its line.
struct EntrySummary: Sendable, Hashable, FetchableRecord {
    var id: Int64
    var sourceRef: String
    var imageClass: ImageClass
    var createdAt: Timestamp

    init(row: Row) {
        id = row["id"]
        sourceRef = row["source_ref"]
        imageClass = ImageClass(rawValue: row["class"]) ?? .unlabelled
        createdAt = Timestamp(microseconds: row["created_at"])
    }
}

/// What was found, in the order of the search.
struct EntrySearchPage: Sendable, Hashable {
    var entries: [EntrySummary] = []
    /// Where the search goes on in its direction: after the last entry shown, or after the last that was looked at where
    /// the search ended before the page was full. nil where nothing follows.
    var next: Int64?
    /// Whether the search stopped at its limit rather than at the end or at a full page.
    var wasCutShort = false
}

extension DatasetStore {
    /// How many entries one search looks at.
    static let searchWindow = 50_000

    /// A page of entries, with its dataset. Looks at a bounded number of entries, whatever it finds. While the dataset is
    /// being created or deleted it shows none, as it is only half there.
    ///
    /// - Throws: ``APIException`` where the project or the dataset does not exist.
    func search(
        _ search: EntrySearch, in name: DatasetName, limit: Int, window: Int = searchWindow
    ) async throws -> (DatasetRecord, EntrySearchPage) {
        try await pool.read { database in
            let dataset = try Self.requireDataset(name, in: database)
            guard dataset.isWhole else { return (dataset, EntrySearchPage()) }
            return (dataset, try Self.search(search, in: dataset.id, limit: limit, window: window, database))
        }
    }

    /// One entry with its line; nil where the dataset has none of this id.
    ///
    /// - Throws: ``APIException`` where the project or the dataset does not exist.
    func entry(_ id: Int64, of name: DatasetName) async throws -> (EntrySummary, line: String)? {
        try await pool.read { database in
            let dataset = try Self.requireDataset(name, in: database)
            guard dataset.isWhole else { return nil }
            let row = try Row.fetchOne(
                database, sql: "SELECT * FROM entry WHERE id = ? AND dataset_id = ?",
                arguments: [id, dataset.id.rawValue])
            return row.map { (EntrySummary(row: $0), $0["line"]) }
        }
    }

    private static func search(
        _ search: EntrySearch, in dataset: DatasetID, limit: Int, window: Int, _ database: Database
    ) throws -> EntrySearchPage {
        let query = SearchQuery(search, in: dataset, window: window)
        var found = try EntrySummary.fetchAll(
            database, sql: query.matches(limit: limit + 1), arguments: query.matchArguments)
        var page = EntrySearchPage()
        if found.count > limit {
            found.removeLast()
            page.next = found.last?.id
        } else if let row = try Row.fetchOne(database, sql: query.extent, arguments: query.windowArguments),
            row["looked"] == window
        {
            page.next = row["last"]
            page.wasCutShort = true
        }
        page.entries = search.isBackwards ? found.reversed() : found
        return page
    }
}

extension DatasetRecord {
    /// Whether what it holds is all there.
    var isWhole: Bool { status != .createInProgress && status != .deleteInProgress }
}
