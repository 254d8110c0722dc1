import Foundation
import LookoutVision
import Testing

@testable import DatasetService

@Suite("Deletion")
struct DeletionTests {
    private let path = Operation.deleteDataset.path(project: "p", datasetType: "train")
    private let largeCount = 3 * DatasetStore.rowsRemovedAtOnce

    private func delete(_ service: ServiceUnderTest, _ path: String, token: String) async throws -> Answer {
        try await service.call("DELETE", path, headers: [WireNames.clientToken: token])
    }

    private func fill(_ service: ServiceUnderTest) async throws {
        try await service.createDataset("p")
        let lines = (0..<largeCount).map { line("\($0)", "normal") }
        _ = try await service.update("p", payload: Data(lines.joined(separator: "\n").utf8))
        #expect(try await service.untilTerminal("p").imageStats?.total == largeCount)
    }

    @Test("A large dataset is DELETE_IN_PROGRESS until it is gone, also across a restart, and others go on")
    func large() async throws {
        let database = TemporaryDatabase()
        try await ServiceUnderTest.run(database: database) { try await fill($0) }
        try await ServiceUnderTest.run(database: database, gate: Gate(isOpen: false)) { service in
            #expect(try await delete(service, path, token: "a").status == 202)
            #expect(try await service.describe("p").status == "DELETE_IN_PROGRESS")
            // The same call again is harmless, another is too late, as is everything else.
            #expect(try await delete(service, path, token: "a").status == 202)
            #expect(try await delete(service, path, token: "b").errorType == "ConflictException")
            #expect(try await service.update("p", line("1")).errorType == "ConflictException")
            let entries = Operation.listDatasetEntries.path(project: "p", datasetType: "train")
            #expect(try await service.call("GET", entries).errorType == "ConflictException")
            let project = Operation.deleteProject.path(project: "p")
            #expect(try await service.call("DELETE", project).errorType == "ConflictException")
            try await service.createDataset("q")
            // A part was removed with the call, so that no job is needed for small ones.
            #expect(try await service.count("entry") == largeCount - DatasetStore.rowsRemovedAtOnce)
        }
        try await ServiceUnderTest.run(database: database) { service in
            while try await service.call("GET", path).status == 200 { try Task.checkCancellation() }
            #expect(try await service.count("entry") == 0)
            #expect(try await service.count("accepted_update") == 0)
            #expect(try await service.store.history().count == 1)
        }
    }

    @Test("Between the parts of a deletion other datasets are updated")
    func othersGoOn() async throws {
        try await ServiceUnderTest.run { service in
            try await fill(service)
            try await service.createDataset("q")
            let id = try await service.store.deleteDataset(DatasetName(project: "p", type: .train)).orThrow()
            var parts = 1
            repeat {
                parts += 1
                #expect(try await service.update("q", line("\(parts)")).status == 202)
                #expect(try await service.untilTerminal("q").status == "UPDATE_COMPLETE")
            } while try await !service.store.continueDeletion(of: id)
            #expect(parts == 4)
            #expect(try await service.store.continueDeletion(of: id))
        }
    }

    @Test("A late repetition does not delete what has taken the name since, for 8 hours")
    func repeated() async throws {
        let clock = ManualClock()
        try await ServiceUnderTest.run(clock: clock) { service in
            let project = Operation.deleteProject.path(project: "p")
            for _ in 0..<2 {
                try await service.createDataset("p")
                #expect(try await delete(service, path, token: "a").status == 202)
                #expect(try await delete(service, project, token: "a").status == 200)
            }
            #expect(try await service.describe("p").status == "CREATE_COMPLETE")
            clock.advance(seconds: 8 * 3_600)
            #expect(try await delete(service, path, token: "a").status == 202)
            #expect(try await service.call("GET", path).status == 404)
            #expect(try await delete(service, project, token: "a").status == 200)
            #expect(try await delete(service, project, token: "b").status == 404)
        }
    }
}
