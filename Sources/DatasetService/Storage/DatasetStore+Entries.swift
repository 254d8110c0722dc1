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
    /// - Throws: ``APIException`` where the project or the dataset does not exist, or is only half there.
    package func entries(of name: DatasetName) async throws -> [String] {
        try await pool.read { database in
            let dataset = try Self.requireReadableDataset(name, in: database)
            let query = EntryQuery(dataset: dataset.id, filter: EntryFilter(), after: nil, limit: nil)
            // The second column is the line.
            return try String.fetchAll(
                database, sql: query.sql, arguments: query.arguments, adapter: SuffixRowAdapter(fromIndex: 1))
        }
    }

    /// One page of entries, in the order of their images' first arrival: an entry that was there when paging began comes
    /// once, however many updates are applied meanwhile.
    ///
    /// - Throws: ``APIException``: ResourceNotFound, Conflict (only half there), Validation (a cursor of another
    ///   dataset).
    func entries(
        of name: DatasetName, matching filter: EntryFilter, after cursor: EntryCursor?, limit: Int
    ) async throws -> EntryPage {
        try await pool.read { database in
            let dataset = try Self.requireReadableDataset(name, in: database)
            guard cursor == nil || cursor?.datasetID == dataset.id.rawValue else {
                throw APIException(.validation, "NextToken is not of this dataset.")
            }
            // One more than asked for tells whether a page follows.
            let query = EntryQuery(
                dataset: dataset.id, filter: filter, after: cursor?.lastEntryID, limit: limit + 1)
            let rows = try Row.fetchAll(database, sql: query.sql, arguments: query.arguments)
            let page = rows.prefix(limit)
            let next =
                rows.count > limit
                ? page.last.map { EntryCursor(datasetID: dataset.id.rawValue, lastEntryID: $0["id"]) } : nil
            return EntryPage(lines: page.map { $0["line"] }, next: next)
        }
    }
}
