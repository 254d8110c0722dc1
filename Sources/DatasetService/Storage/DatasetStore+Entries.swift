import GRDB
import LookoutVision

/// Which entries are asked for; what is nil does not restrict.
struct EntryFilter: Sendable, Hashable {
    var isLabelled: Bool?
    var imageClass: ImageClass?
    /// Exclusive. Compared with the line's `creation-date` where that is an ISO 8601 date, else with the time its update
    /// was accepted; which of the two the API meant was never documented.
    var createdBefore: Timestamp?
    /// Exclusive, as `createdBefore`.
    var createdAfter: Timestamp?
    /// Compared byte by byte, upper and lower case apart.
    var sourceRefContains: String?
}

/// Where a page of entries ended.
struct EntryCursor: Sendable, Hashable {
    /// A cursor is of one dataset; of a deleted one it is worth nothing.
    var datasetID: Int64
    var lastEntryID: Int64
}

/// One page of entries.
struct EntryPage: Sendable, Hashable {
    var lines: [String]
    /// nil where nothing follows.
    var next: EntryCursor?
}

extension DatasetStore {
    /// All entries of a dataset as they came, in the order of their images' first arrival.
    ///
    /// - Throws: ``APIException`` where the project or the dataset does not exist.
    package func entries(of name: DatasetName) async throws -> [String] {
        try await pool.read { database in
            let dataset = try Self.requireDataset(name, in: database)
            return try String.fetchAll(
                database, sql: "SELECT line FROM entry WHERE dataset_id = ? ORDER BY id", arguments: [dataset.id])
        }
    }

    /// One page of entries, in the order of their images' first arrival: an entry that was there when paging began comes
    /// once, however many updates are applied meanwhile.
    func entries(
        of name: DatasetName, matching filter: EntryFilter, after cursor: EntryCursor?, limit: Int
    ) async throws -> EntryPage {
        try await pool.read { database in
            let dataset = try Self.requireDataset(name, in: database)
            guard cursor == nil || cursor?.datasetID == dataset.id else {
                throw APIException(.validation, "NextToken is not of this dataset.")
            }
            var query = filter.query
            query.append("dataset_id = ?", dataset.id)
            query.append("id > ?", cursor?.lastEntryID ?? 0)
            // One more than asked for tells whether a page follows.
            let rows = try Row.fetchAll(
                database,
                sql: "SELECT id, line FROM entry WHERE \(query.condition) ORDER BY id LIMIT \(limit + 1)",
                arguments: query.arguments)
            let page = rows.prefix(limit)
            let next =
                rows.count > limit ? page.last.map { EntryCursor(datasetID: dataset.id, lastEntryID: $0["id"]) } : nil
            return EntryPage(lines: page.map { $0["line"] }, next: next)
        }
    }
}

/// Conditions that all must hold, with the values of their placeholders.
private struct Conjunction {
    private var terms: [String] = []
    private(set) var arguments = StatementArguments()

    var condition: String { terms.joined(separator: " AND ") }

    mutating func append(_ term: String, _ value: some DatabaseValueConvertible) {
        terms.append(term)
        arguments += [value]
    }
}

extension EntryFilter {
    fileprivate var query: Conjunction {
        var query = Conjunction()
        if let isLabelled {
            query.append(isLabelled ? "class <> ?" : "class = ?", ImageClass.unlabelled.rawValue)
        }
        if let imageClass { query.append("class = ?", imageClass.rawValue) }
        if let createdBefore { query.append("created_at < ?", createdBefore.microseconds) }
        if let createdAfter { query.append("created_at > ?", createdAfter.microseconds) }
        if let sourceRefContains { query.append("instr(source_ref, ?) > 0", sourceRefContains) }
        return query
    }
}
