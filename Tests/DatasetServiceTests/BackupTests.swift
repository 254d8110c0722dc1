import Foundation
import GRDB
import Logging
import LookoutVision
import Testing

@testable import DatasetService

@Suite("Backup and restore")
struct BackupTests {
    private static let quiet = Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() })
    private let files = TemporaryDatabase()
    private func path(_ name: String) -> String { files.path + "." + name }

    @Test("A backup that is taken while the service writes is of one moment, and restores to it")
    func whileServing() async throws {
        let database = TemporaryDatabase()
        let lines = (0..<200).map { "\($0)" }
        let name = DatasetName(project: "p", type: .train)
        var summary: DatabaseBackup.Summary?
        try await ServiceUnderTest.run(database: database) { service in
            try await service.createDataset("p")
            // Each update writes the same class to all images, so a state between two of them would show.
            func update(_ round: Int) async throws {
                let payload = lines.map { line($0, round.isMultiple(of: 2) ? "normal" : "anomaly") }
                _ = try await service.update("p", payload: Data(payload.joined(separator: "\n").utf8))
                _ = try await service.untilTerminal("p")
            }
            try await update(0)
            async let writing: Void = {
                for round in 1...20 { try await update(round) }
            }()
            let backup = path("backup")
            for round in 0..<5 {
                try? FileManager.default.removeItem(atPath: backup)
                summary = try DatabaseBackup.write(database.path, to: backup)
                let target = path("restored-\(round)")
                #expect(try DatabaseBackup.restore(backup, to: target, replacing: false).entries == lines.count)
                let store = try DatasetStore(path: target)
                let entries = try await store.entries(of: name)
                let normal = try await store.describeDataset(name).counts.normal
                #expect(entries.count == lines.count)
                #expect(normal == 0 || normal == lines.count)
                #expect(entries.count { $0.contains("\"normal\"") } == normal)
                try store.close()
            }
            try await writing
        }
        #expect(summary?.datasets == 1)
        let leftOvers = try FileManager.default.contentsOfDirectory(
            atPath: URL(filePath: files.path).deletingLastPathComponent().path)
        #expect(!leftOvers.contains { $0.hasSuffix(".partial") || $0.hasSuffix("backup-wal") })
    }

    @Test("Of two that would serve one database the second is refused, under any name; a copy may be taken")
    func servedByOne() async throws {
        let database = TemporaryDatabase()
        let alias = path("alias")
        try FileManager.default.createSymbolicLink(atPath: alias, withDestinationPath: database.path)
        try await ServiceUnderTest.run(database: database) { service in
            try await service.createDataset("p")
            for name in [database.path, alias] {
                #expect(throws: DatabaseLock.Failure.held(database.path + ".lock")) {
                    try DatasetServer(configuration: .init(databasePath: name), logger: Self.quiet)
                }
            }
            #expect(try DatabaseBackup.write(database.path, to: path("copy")).datasets == 1)
        }
        // The first is over.
        try await ServiceUnderTest.run(database: database) { service in
            let status = try await service.describe("p").status
            #expect(status == "CREATE_COMPLETE")
        }
    }

    @Test("Whoever has ended serves no more, even if somebody still holds on to it")
    func released() async throws {
        var configuration = DatasetServer.Configuration(host: "203.0.113.9", databasePath: files.path)
        configuration.access = .openToAll
        let ended = try DatasetServer(configuration: configuration, logger: Self.quiet)
        // The address is none of this machine's.
        await #expect(throws: (any Error).self) { try await ended.run() }
        let next = try DatasetServer(configuration: configuration, logger: Self.quiet)
        try withExtendedLifetime(ended) { try next.store.close() }
    }

    @Test("Where no lock can be had nothing is served")
    func noLock() throws {
        let database = path("unlockable")
        try FileManager.default.createDirectory(atPath: database + ".lock", withIntermediateDirectories: true)
        #expect(throws: DatabaseLock.Failure.unavailable(database + ".lock")) {
            try DatasetServer(configuration: .init(databasePath: database), logger: Self.quiet)
        }
        #expect(!FileManager.default.fileExists(atPath: database))
    }

    @Test("A restored database is served, and finishes what it had accepted")
    func served() async throws {
        let database = TemporaryDatabase()
        try await ServiceUnderTest.run(database: database, gate: Gate(isOpen: false)) { service in
            try await service.createDataset("p")
            #expect(try await service.update("p", token: "t", line("1", "normal")).status == 202)
            _ = try DatabaseBackup.write(database.path, to: path("backup"))
        }
        let restored = TemporaryDatabase()
        _ = try DatabaseBackup.restore(path("backup"), to: restored.path, replacing: false)
        try await ServiceUnderTest.run(database: restored) { service in
            let finished = try await service.untilTerminal("p")
            #expect(finished.status == "UPDATE_COMPLETE")
            #expect(try await service.update("p", token: "t", line("1", "normal")).updateStatus == "UPDATE_COMPLETE")
        }
    }

    @Test("A database in use is not restored over, an existing one only when told to")
    func refusals() async throws {
        let database = TemporaryDatabase()
        let backup = path("backup")
        try await ServiceUnderTest.run(database: database) { service in
            try await service.createDataset("p")
            _ = try DatabaseBackup.write(database.path, to: backup)
            try await service.createDataset("q")
            #expect(throws: DatabaseBackup.Failure.fileExists(backup)) {
                try DatabaseBackup.write(database.path, to: backup)
            }
            #expect(throws: DatabaseBackup.Failure.fileExists(database.path)) {
                try DatabaseBackup.restore(backup, to: database.path, replacing: false)
            }
            #expect(throws: DatabaseBackup.Failure.inUse(database.path)) {
                try DatabaseBackup.restore(backup, to: database.path, replacing: true)
            }
            #expect(try await service.describe("q").status == "CREATE_COMPLETE")
        }
        #expect(try DatabaseBackup.restore(backup, to: database.path, replacing: true).projects == 1)
        try await ServiceUnderTest.run(database: database) { service in
            let kept = try await service.describe("p")
            #expect(kept.status == "CREATE_COMPLETE")
            #expect(try await service.store.projects(after: nil, limit: 10).map(\.name) == ["p"])
        }
    }

    @Test("What is no whole backup of this service is not restored, and leaves nothing behind")
    func foreign() async throws {
        let store = try DatasetStore(path: files.path)
        _ = try await store.createProject("p", token: nil)
        for number in 0..<500 { _ = try await store.createProject("project-number-\(number)", token: nil) }
        try store.close()
        let (good, bad, target) = (path("good"), path("bad"), path("target"))
        _ = try DatabaseBackup.write(files.path, to: good)
        func refused(_ text: String) throws {
            let error = try #require(throws: DatabaseBackup.Failure.self) {
                try DatabaseBackup.restore(bad, to: target, replacing: false)
            }
            #expect("\(error)".contains(text), "\(error)")
            #expect(!FileManager.default.fileExists(atPath: target))
        }
        try refused("does not exist")
        try Data("not a database at all, but long enough to be looked at".utf8).write(to: URL(filePath: bad))
        try refused("no SQLite database")
        let other = try DatabaseQueue(path: path("other"))
        try await other.write { try $0.execute(sql: "CREATE TABLE something (id INTEGER)") }
        try other.close()
        try FileManager.default.removeItem(atPath: bad)
        try FileManager.default.moveItem(atPath: path("other"), toPath: bad)
        try refused("none of its tables")
        // Pages in the middle are overwritten.
        var bytes = try Data(contentsOf: URL(filePath: good))
        for index in stride(from: 8_192, to: bytes.count - 4_096, by: 7) { bytes[index] = 0xFF }
        try bytes.write(to: URL(filePath: bad))
        #expect(throws: (any Error).self) { try DatabaseBackup.restore(bad, to: target, replacing: false) }
        #expect(!FileManager.default.fileExists(atPath: target))
    }
}
