import Foundation
import GRDB

/// What the service has applied, read from its database by other means than its own.
struct History {
    struct Update: Equatable {
        var dataset: String
        var token: String
        var lines: Int
    }

    private let queue: DatabaseQueue

    init(_ database: URL) throws {
        var configuration = Configuration()
        configuration.readonly = true
        // A service that starts again after a kill holds the file while it recovers.
        configuration.busyMode = .timeout(10)
        queue = try DatabaseQueue(path: database.path, configuration: configuration)
    }

    func updates() async throws -> [Update] {
        try await queue.read { database in
            try Row.fetchAll(database, sql: "SELECT * FROM update_history ORDER BY id").map { row in
                Update(
                    dataset: "\(row["project"] as String)/\(row["dataset_type"] as String)", token: row["token"],
                    lines: row["lines"])
            }
        }
    }

    /// Lines applied so far.
    func lines() async throws -> Int {
        try await count("SELECT coalesce(sum(lines), 0) FROM update_history")
    }

    /// Updates that were accepted and are still to be applied.
    func inProgress() async throws -> Int {
        try await count("SELECT count(*) FROM accepted_update WHERE state = 'UPDATE_IN_PROGRESS'")
    }

    /// Updates that were refused.
    func failures() async throws -> Int {
        try await count("SELECT count(*) FROM update_failure")
    }

    /// What SQLite finds wrong with the file: `ok` alone where that is nothing.
    func problems() async throws -> [String] {
        try await queue.read { try String.fetchAll($0, sql: "PRAGMA integrity_check") }
    }

    private func count(_ query: String) async throws -> Int {
        try await queue.read { try Int.fetchOne($0, sql: query) ?? 0 }
    }
}

extension [History.Update] {
    /// Lines by dataset.
    var linesByDataset: [String: Int] {
        reduce(into: [:]) { $0[$1.dataset, default: 0] += $1.lines }
    }

    /// Tokens that occur more than once.
    var repeatedTokens: [String] {
        Dictionary(grouping: self, by: \.token).filter { $0.value.count > 1 }.keys.sorted()
    }
}
