import GRDB

@testable import DatasetService

extension DatasetStore {
    /// How SQLite would answer, a line a step.
    func plan(_ sql: String) async throws -> [String] {
        try await pool.read { try Row.fetchAll($0, sql: "EXPLAIN QUERY PLAN \(sql)").map { $0["detail"] } }
    }
}
