import GRDB
import LookoutVision

extension DatasetStore {
    /// What was accepted and is not over, oldest first: the work of a start after a stop or a crash.
    func pendingJobs() async throws -> [Job] {
        try await pool.read { database in
            let datasets = try Row.fetchAll(
                database,
                sql: """
                    SELECT id, status FROM dataset WHERE status IN ('CREATE_IN_PROGRESS', 'DELETE_IN_PROGRESS')
                    ORDER BY id
                    """)
            let updates = try Int64.fetchAll(
                database, sql: "SELECT id FROM accepted_update WHERE state = 'UPDATE_IN_PROGRESS' ORDER BY id")
            return datasets.map { row in
                let id = DatasetID(rawValue: row["id"])
                return row["status"] == DatasetStatus.createInProgress.rawValue ? .creation(id) : .deletion(id)
            } + updates.map { .update(UpdateID(rawValue: $0)) }
        }
    }
}
