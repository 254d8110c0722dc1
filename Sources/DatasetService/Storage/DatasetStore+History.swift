import GRDB

/// One update that was applied, as the history remembers it, even after its dataset was deleted.
package struct AppliedUpdate: Sendable, Hashable {
    /// Unique and growing with the time of acceptance.
    package var id: Int64
    package var project: String
    package var datasetType: String
    /// The client token the update came under.
    package var token: String
    /// JSON Lines, blank ones not counted.
    package var lines: Int
    /// Of the payload before base64.
    package var bytes: Int
    package var acceptedAt: Timestamp
    package var appliedAt: Timestamp

    fileprivate init(row: Row) {
        id = row["id"]
        project = row["project"]
        datasetType = row["dataset_type"]
        token = row["token"]
        lines = row["lines"]
        bytes = row["bytes"]
        acceptedAt = Timestamp(microseconds: row["accepted_at"])
        appliedAt = Timestamp(microseconds: row["applied_at"])
    }
}

extension DatasetStore {
    /// Updates that were accepted and have neither been applied nor failed yet.
    package func updatesInProgress() async throws -> Int {
        try await pool.read { database in
            try Int.fetchOne(database, sql: "SELECT count(*) FROM pending_payload") ?? 0
        }
    }

    /// Every update that was ever applied, in the order of acceptance. An update that failed is not among them.
    package func history() async throws -> [AppliedUpdate] {
        try await pool.read { database in
            try Row.fetchAll(database, sql: "SELECT * FROM update_history ORDER BY id").map(AppliedUpdate.init(row:))
        }
    }
}
