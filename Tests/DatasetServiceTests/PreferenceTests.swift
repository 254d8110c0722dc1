import Foundation
import HTTPTypes
import Hummingbird
import LookoutVision
import NIOCore
import Testing

@testable import DatasetService

/// Who would rather wait for the end of an update than ask for it.
@Suite("Preference to wait", .timeLimit(.minutes(5)))
struct PreferenceTests {
    private func payload(_ line: String) -> Data { Data(line.utf8) }

    @Test("The answer is how the update ended, and is 202 as ever")
    func answersWithTheEnd() async throws {
        try await ServiceUnderTest.run { service in
            try await service.createDataset("p")
            let applied = try await service.update("p", payload: payload(line("1", "normal")), prefer: "wait=10")
            #expect((applied.status, applied.updateStatus) == (202, "UPDATE_COMPLETE"))
            #expect(try await service.list("p").datasetEntries == [line("1", "normal")])
            let refused = try await service.update("p", payload: payload("{}"), prefer: "wait=10")
            #expect((refused.status, refused.updateStatus) == (202, "UPDATE_FAILED_ROLLBACK_COMPLETE"))
        }
    }

    @Test("What is not over in time is in progress, and is applied all the same")
    func doesNotWaitForEver() async throws {
        let gate = Gate(isOpen: false)
        try await ServiceUnderTest.run(gate: gate) { service in
            try await service.createDataset("p")
            let answer = try await service.update("p", token: "t", payload: payload(line("1")), prefer: "wait=1")
            #expect((answer.status, answer.updateStatus) == (202, "UPDATE_IN_PROGRESS"))
            gate.open()
            #expect(try await service.untilTerminal("p").status == "UPDATE_COMPLETE")
            let again = try await service.update("p", token: "t", payload: payload(line("1")), prefer: "wait=1")
            #expect(again.updateStatus == "UPDATE_COMPLETE")
        }
    }

    @Test("Without the preference, and for large updates, nothing is waited for")
    func waitsOnlyWhereItIsAskedTo() async throws {
        try await ServiceUnderTest.run { service in
            try await service.createDataset("p")
            try await service.createDataset("q")
            #expect(try await service.update("p", payload: payload(line("1"))).updateStatus == "UPDATE_IN_PROGRESS")
            let lines = (0..<2_000).map { line("\($0)", "normal") }.joined(separator: "\n")
            #expect(lines.utf8.count > 128 << 10)
            let large = try await service.update("q", payload: payload(lines), prefer: "wait=10")
            #expect(large.updateStatus == "UPDATE_IN_PROGRESS")
            #expect(try await service.untilTerminal("p").status == "UPDATE_COMPLETE")
            #expect(try await service.untilTerminal("q").status == "UPDATE_COMPLETE")
        }
    }

    @Test("A stop answers those who wait, and their updates stay accepted")
    func stopAnswers() async throws {
        let database = TemporaryDatabase()
        let call = try await ServiceUnderTest.run(database: database, gate: Gate(isOpen: false)) { service in
            try await service.createDataset("p")
            let call = Task { try await service.update("p", payload: payload(line("1")), prefer: "wait=10") }
            while try await service.describe("p").status != "UPDATE_IN_PROGRESS" { try Task.checkCancellation() }
            return call
        }
        let answer = try await call.value
        #expect((answer.status, answer.updateStatus) == (202, "UPDATE_IN_PROGRESS"))
        let store = try DatasetStore(path: database.path)
        defer { try? store.close() }
        #expect(try await store.pendingJobs().count == 1)
    }

    @Test(
        "The header is read as RFC 7240 has it, and nothing else is an error",
        arguments: [
            (["wait=3"], 3), (["Wait = 3"], 3), (["respond-async, wait=3"], 3), (["wait=\"3\"; foo=bar"], 3),
            (["respond-async", "wait=3"], 3), (["wait=3, wait=5"], 3), (["wait=999999999999999999"], 10),
            ([], 0), (["wait"], 0), (["wait="], 0), (["wait=-3"], 0), (["wait=x"], 0), (["waiting=3"], 0), ([","], 0),
            (["=3"], 0), (["wait=99999999999999999999999999"], 0),
        ] as [([String], Int)])
    func header(_ values: [String], _ seconds: Int) {
        var head = HTTPRequest(method: .patch, scheme: "http", authority: "localhost", path: "/")
        for value in values { head.headerFields.append(HTTPField(name: .prefer, value: value)) }
        let request = Request(head: head, body: .init(buffer: ByteBuffer()))
        #expect(request.preferredWait == .seconds(seconds))
    }
}
