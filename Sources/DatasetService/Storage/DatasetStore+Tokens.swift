import GRDB
import LookoutVision

// A token lives 8 hours from acceptance, and that of an update at least until its update is over. Whoever looks one up
// passes over what is older, whether it was swept already or not.

extension DatasetStore {
    /// Removes tokens that are too old, a bounded number of them.
    ///
    /// - Returns: Whether there may be more.
    func sweepTokens(limit: Int = rowsRemovedAtOnce) async throws -> Bool {
        try await pool.write { [now] database in
            let oldest = now().adding(seconds: -Limits.clientTokenLifeSeconds).microseconds
            try database.execute(
                sql: """
                    DELETE FROM accepted_update WHERE id IN (
                        SELECT id FROM accepted_update WHERE accepted_at <= ? AND state <> 'UPDATE_IN_PROGRESS'
                        ORDER BY accepted_at LIMIT ?)
                    """,
                arguments: [oldest, limit])
            var removed = database.changesCount
            try database.execute(
                sql: """
                    DELETE FROM accepted_deletion WHERE (resource, token) IN (
                        SELECT resource, token FROM accepted_deletion WHERE accepted_at <= ?
                        ORDER BY accepted_at LIMIT ?)
                    """,
                arguments: [oldest, limit])
            removed = max(removed, database.changesCount)
            return removed == limit
        }
    }

    /// Whether a creation is the repetition of the call that made what is there.
    static func isRepeat(_ token: String?, of earlier: String?, at time: Timestamp, now: Timestamp) -> Bool {
        token != nil && token == earlier && now < time.adding(seconds: Limits.clientTokenLifeSeconds)
    }

    /// Whether this very call to delete was accepted before. It must not delete what has taken the name since.
    static func isRepeatedDeletion(
        of resource: String, token: String?, now: Timestamp, in database: Database
    ) throws -> Bool {
        guard let token else { return false }
        return try Bool.fetchOne(
            database,
            sql: """
                SELECT EXISTS (
                    SELECT 1 FROM accepted_deletion WHERE resource = ? AND token = ? AND accepted_at > ?)
                """,
            arguments: [resource, token, now.adding(seconds: -Limits.clientTokenLifeSeconds).microseconds]) ?? false
    }

    /// Remembers that a call to delete was accepted.
    static func recordDeletion(of resource: String, token: String?, at time: Timestamp, in database: Database) throws {
        guard let token else { return }
        try database.execute(
            sql: "INSERT OR REPLACE INTO accepted_deletion (resource, token, accepted_at) VALUES (?, ?, ?)",
            arguments: [resource, token, time.microseconds])
    }
}
