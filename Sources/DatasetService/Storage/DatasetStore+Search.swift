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
    var entries: [EntrySummary]
    /// Where the search goes on in its direction: after the last entry shown, or after the last that was looked at where
    /// the search ended before the page was full. nil where nothing follows.
    var next: Int64?
    /// Whether the search stopped at its limit rather than at the end or at a full page.
    var wasCutShort: Bool
}

extension DatasetStore {
    /// How many entries one search looks at.
    static let searchWindow = 50_000

    /// A page of entries, with its dataset. Looks at a bounded number of entries, whatever it finds.
    ///
    /// - Throws: ``APIException`` where the project or the dataset does not exist.
    func search(
        _ search: EntrySearch, in name: DatasetName, limit: Int, window: Int = searchWindow
    ) async throws -> (DatasetRecord, EntrySearchPage) {
        try await pool.read { database in
            let dataset = try Self.requireDataset(name, in: database)
            return (dataset, try Self.search(search, in: dataset, limit: limit, window: window, database))
        }
    }

    /// One entry with its line; nil where the dataset has none of this id.
    ///
    /// - Throws: ``APIException`` where the project or the dataset does not exist.
    func entry(_ id: Int64, of name: DatasetName) async throws -> (EntrySummary, line: String)? {
        try await pool.read { database in
            let dataset = try Self.requireDataset(name, in: database)
            let row = try Row.fetchOne(
                database, sql: "SELECT * FROM entry WHERE id = ? AND dataset_id = ?",
                arguments: [id, dataset.id.rawValue])
            return row.map { (EntrySummary(row: $0), $0["line"]) }
        }
    }

    private static func search(
        _ search: EntrySearch, in dataset: DatasetRecord, limit: Int, window windowSize: Int, _ database: Database
    ) throws -> EntrySearchPage {
        let isDescending = search.newestFirst != search.isBackwards
        let (comparison, order) = isDescending ? ("<", "DESC") : (">", "ASC")
        // The window is walked along the index and ends where it is full; the columns that are read stand before the line,
        // so that long lines are not read.
        let window = EntryQuery.walk(columns: "id, source_ref, class, created_at", comparison, order, limit: windowSize)
        let start = search.start ?? (isDescending ? .max : .min)
        var conditions: [String] = []
        var arguments: StatementArguments = [dataset.id.rawValue, start]
        if let classes = search.classes {
            conditions.append("class IN (\(classes.map { String($0.rawValue) }.sorted().joined(separator: ", ")))")
        }
        if let text = search.text {
            conditions.append("instr(lower(source_ref), lower(?3)) > 0")
            arguments += [text]
        }
        let condition = conditions.isEmpty ? "" : "WHERE " + conditions.joined(separator: " AND ")
        var found = try EntrySummary.fetchAll(
            database, sql: "SELECT * FROM (\(window)) \(condition) ORDER BY id \(order) LIMIT \(limit + 1)",
            arguments: arguments)
        var page = EntrySearchPage(entries: [], next: nil, wasCutShort: false)
        if found.count > limit {
            found.removeLast()
            page.next = found.last?.id
        } else if let row = try Row.fetchOne(
            database,
            sql: "SELECT count(*) AS looked, \(isDescending ? "min" : "max")(id) AS last FROM (\(window))",
            arguments: [dataset.id.rawValue, start]), row["looked"] == windowSize
        {
            page.next = row["last"]
            page.wasCutShort = true
        }
        page.entries = search.isBackwards ? found.reversed() : found
        return page
    }
}
