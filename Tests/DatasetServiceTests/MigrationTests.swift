import Foundation
import GRDB
import LookoutVision
import Testing

@testable import DatasetService

@Suite("Migrations")
struct MigrationTests {
    @Test("A database of the first schema is taken over with everything in it, and its update is finished")
    func fromFirst() async throws {
        let database = TemporaryDatabase()
        try ReleasedDatabase.write(to: database.path)
        try await ServiceUnderTest.run(database: database) { service in
            let applied = try await service.untilTerminal("boards")
            #expect(applied.status == "UPDATE_COMPLETE")
            #expect(applied.imageStats == .init(total: 3, labeled: 3, normal: 2, anomaly: 1))
            #expect(
                try await service.list("boards").datasetEntries
                    == [line("1", "normal"), line("2", "anomaly"), line("3", "normal")])
            #expect(try await service.store.history().map(\.token) == ["first", "third"])

            // Tokens are remembered across it: those of creations and those of updates.
            let project = try await service.call(
                "POST", Operation.createProject.path(), json: #"{"ProjectName":"boards"}"#,
                headers: [WireNames.clientToken: "project-token"])
            #expect(project.status == 200)
            let dataset = try await service.call(
                "POST", Operation.createDataset.path(project: "boards"), json: #"{"DatasetType":"train"}"#,
                headers: [WireNames.clientToken: "dataset-token"])
            #expect(dataset.status == 202)
            // Its digest is another's, which shows that it was found.
            #expect(try await service.update("boards", token: "first", line("9")).errorType == "ValidationException")

            // An id is not used again.
            try await service.createDataset("new")
            let newID = try await service.store.describeDataset(DatasetName(project: "new", type: .train)).id
            #expect(newID == DatasetID(rawValue: 7))
        }
    }

    @Test("Every way to the present schema leads to the same one")
    func sameSchema() async throws {
        func schema(_ path: String) async throws -> [String] {
            let store = try DatasetStore(path: path)
            defer { try? store.close() }
            return try await store.pool.read { database in
                let tables = try String.fetchAll(
                    database,
                    sql: """
                        SELECT name FROM sqlite_master
                        WHERE type = 'table' AND name NOT LIKE 'sqlite_%' AND name <> 'grdb_migrations' ORDER BY name
                        """)
                let columns = try tables.flatMap { table in
                    try Row.fetchAll(database, sql: "SELECT * FROM pragma_table_info(?)", arguments: [table])
                        .map { "\(table): \($0)" }
                }
                let indices = try String.fetchAll(
                    database, sql: "SELECT sql FROM sqlite_master WHERE type = 'index' AND sql NOT NULL ORDER BY name")
                return columns + indices
            }
        }
        let (released, fresh) = (TemporaryDatabase(), TemporaryDatabase())
        try ReleasedDatabase.write(to: released.path)
        let migrated = try await schema(released.path)
        #expect(migrated.count > 40)
        #expect(try await schema(fresh.path) == migrated)
        // Opening it once more changes nothing.
        #expect(try await schema(released.path) == migrated)
    }

    @Test("A database of a later version is refused and left alone")
    func fromLater() async throws {
        let database = TemporaryDatabase()
        let store = try DatasetStore(path: database.path)
        try await store.pool.write {
            try $0.execute(sql: "INSERT INTO grdb_migrations VALUES ('3 something to come')")
        }
        try store.close()
        #expect(throws: DatabaseError.self) { try DatasetStore(path: database.path) }
    }
}
