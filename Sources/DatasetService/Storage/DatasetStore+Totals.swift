import GRDB
import LookoutVision

/// What the database holds altogether.
struct DatabaseTotals: Sendable, Hashable {
    var projects = 0
    var datasets: [DatasetStatus: Int] = [:]
    var counts = ImageCounts()
    /// Updates that were accepted and are not over.
    var pendingUpdates = 0
    /// Client tokens that are remembered.
    var tokens = 0
    /// Of the database's main file, the log beside it not counted.
    var bytes = 0
}

extension DatasetStore {
    /// Costs a look at every dataset and every remembered token, but at no entry.
    func totals() async throws -> DatabaseTotals {
        try await pool.read { database in
            var totals = DatabaseTotals()
            totals.projects = try Self.count("project", in: database)
            totals.tokens = try Self.count("accepted_update", in: database)
            totals.pendingUpdates = try Self.count("pending_payload", in: database)
            let rows = try Row.fetchCursor(
                database,
                sql: """
                    SELECT status, count(*) AS datasets, sum(total) AS total, sum(normal) AS normal,
                        sum(anomaly) AS anomaly
                    FROM dataset GROUP BY status
                    """)
            while let row = try rows.next() {
                totals.datasets[try DatasetStatus(stored: row["status"])] = row["datasets"]
                totals.counts.total += row["total"]
                totals.counts.normal += row["normal"]
                totals.counts.anomaly += row["anomaly"]
            }
            let pages = try Int.fetchOne(database, sql: "PRAGMA page_count") ?? 0
            let pageBytes = try Int.fetchOne(database, sql: "PRAGMA page_size") ?? 0
            totals.bytes = pages * pageBytes
            return totals
        }
    }

    /// Reads one page of the database, to see that it can be read.
    ///
    /// - Throws: `DatabaseError` where it cannot.
    func probe() async throws {
        try await pool.read { _ = try Int.fetchOne($0, sql: "SELECT id FROM project LIMIT 1") }
    }

    /// `table` is a name of this file alone.
    private static func count(_ table: String, in database: Database) throws -> Int {
        try Int.fetchOne(database, sql: "SELECT count(*) FROM \(table)") ?? 0
    }
}
