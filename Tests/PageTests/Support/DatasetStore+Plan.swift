import GRDB

@testable import DatasetService

extension DatasetStore {
    /// How SQLite would answer, a line a step.
    func plan(_ sql: String, _ arguments: StatementArguments = StatementArguments()) async throws -> [String] {
        try await pool.read { database in
            try Row.fetchAll(database, sql: "EXPLAIN QUERY PLAN \(sql)", arguments: arguments).map { $0["detail"] }
        }
    }
}
