import GRDB
import LookoutVision

/// What becomes of updates: the oldest that is waited for, and the last that are over.
struct UpdateActivity: Sendable, Hashable {
    /// Something that happened to one update.
    struct Event: Sendable, Hashable {
        /// `PROJECT/TYPE`.
        var dataset: String
        var at: Timestamp
    }

    /// Of those that are not over; when it was accepted.
    var oldestPending: Event?
    /// Of those that were applied the one that was accepted last; when it was applied.
    var lastApplied: Event?
    /// Likewise of those that failed.
    var lastFailed: Event?
    /// How many updates are remembered by their token, by status.
    var remembered: [String: Int]
}

extension DatasetStore {
    /// Costs a look at every remembered token, and beside that at three rows.
    func activity() async throws -> UpdateActivity {
        try await pool.read { database in
            func event(_ sql: String) throws -> UpdateActivity.Event? {
                try Row.fetchOne(database, sql: sql).map { row in
                    let (project, type): (String, String) = (row["project"], row["dataset_type"])
                    return .init(dataset: "\(project)/\(type)", at: Timestamp(microseconds: row["at"]))
                }
            }
            let states = try Row.fetchAll(
                database, sql: "SELECT state, count(*) AS updates FROM accepted_update GROUP BY state")
            return UpdateActivity(
                oldestPending: try event(
                    """
                    SELECT project.name AS project, dataset.type AS dataset_type, accepted_at AS at
                    FROM accepted_update
                    JOIN dataset ON dataset.id = accepted_update.dataset_id
                    JOIN project ON project.id = dataset.project_id
                    WHERE state = 'UPDATE_IN_PROGRESS' ORDER BY accepted_update.id LIMIT 1
                    """),
                lastApplied: try event(
                    "SELECT project, dataset_type, applied_at AS at FROM update_history ORDER BY id DESC LIMIT 1"),
                lastFailed: try event(
                    "SELECT project, dataset_type, failed_at AS at FROM update_failure ORDER BY id DESC LIMIT 1"),
                remembered: Dictionary(uniqueKeysWithValues: states.map { ($0["state"], $0["updates"]) }))
        }
    }
}
