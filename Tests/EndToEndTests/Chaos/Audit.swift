import Foundation
import GRDB

/// Every line that the service has ever written into a dataset, in order: a trigger in its database writes them down
/// in the transaction of the update itself. So a second application or a stale overwrite shows even where the final
/// content is right.
struct Audit {
    struct Row {
        var id: Int64
        /// `project/type`.
        var dataset: String
        var image: String
        /// The number in the line's `job/…`.
        var number: Int?
    }

    private let queue: DatabaseQueue

    /// Puts the trigger into the database of a service that runs.
    init(_ database: URL) throws {
        var configuration = Configuration()
        // The service writes to the same file, and recovers it after a kill.
        configuration.busyMode = .timeout(20)
        queue = try DatabaseQueue(path: database.path, configuration: configuration)
        try queue.write { database in
            try database.execute(
                sql: """
                    CREATE TABLE audit (id INTEGER PRIMARY KEY, dataset_id INTEGER, source_ref TEXT, line TEXT);
                    CREATE TRIGGER audit_insert AFTER INSERT ON entry BEGIN
                        INSERT INTO audit (dataset_id, source_ref, line) VALUES (new.dataset_id, new.source_ref, new.line);
                    END;
                    CREATE TRIGGER audit_update AFTER UPDATE ON entry BEGIN
                        INSERT INTO audit (dataset_id, source_ref, line) VALUES (new.dataset_id, new.source_ref, new.line);
                    END;
                    """)
        }
    }

    /// What was written after row `id`.
    func rows(after id: Int64) async throws -> [Row] {
        try await queue.read { database in
            try SQLRow.fetchAll(
                database,
                sql: """
                    SELECT audit.id, project.name, dataset.type, source_ref, line FROM audit
                    JOIN dataset ON dataset.id = dataset_id JOIN project ON project.id = project_id
                    WHERE audit.id > ? ORDER BY audit.id
                    """, arguments: [id]
            ).map { row in
                Row(
                    id: row["id"], dataset: "\(row["name"] as String)/\(row["type"] as String)",
                    image: row["source_ref"], number: Self.number(in: row["line"]))
            }
        }
    }

    private static func number(in line: String) -> Int? {
        line.firstRange(of: "job/").flatMap { Int(line[$0.upperBound...].prefix { $0.isNumber }) }
    }
}

private typealias SQLRow = GRDB.Row
