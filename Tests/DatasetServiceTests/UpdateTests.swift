import Foundation
import LookoutVision
import Testing

@testable import DatasetService

@Suite("Updates")
struct UpdateTests {
    @Test("An update is accepted, applied, recorded and counted")
    func applied() async throws {
        try await ServiceUnderTest.run { service in
            try await service.createDataset("p")
            let lines = [line("1", "normal"), line("2", "Anomaly"), line("3", "scratch"), line("4")]
            let answer = try await service.update("p", token: "t-1", payload: Data(lines.joined(separator: "\n").utf8))
            #expect((answer.status, answer.updateStatus) == (202, "UPDATE_IN_PROGRESS"))
            let description = try await service.untilTerminal("p")
            #expect(description.status == "UPDATE_COMPLETE")
            #expect(description.imageStats == .init(total: 4, labeled: 2, normal: 1, anomaly: 1))
            #expect(try await service.list("p").datasetEntries == lines)
            #expect(try await service.store.entries(of: DatasetName(project: "p", type: .train)) == lines)

            // A replacement keeps its place and moves the statistics.
            _ = try await service.update("p", line("5", "anomaly"), line("1", "anomaly"))
            #expect(
                try await service.untilTerminal("p").imageStats == .init(total: 5, labeled: 3, normal: 0, anomaly: 3))
            let wanted = [line("1", "anomaly")] + lines.dropFirst() + [line("5", "anomaly")]
            #expect(try await service.list("p").datasetEntries == wanted)

            let history = try await service.store.history()
            #expect(history.map(\.lines) == [4, 2])
            #expect(history.first?.token == "t-1")
            #expect(history.first?.bytes == lines.joined(separator: "\n").utf8.count)
        }
    }

    @Test("While an update is going on the dataset is busy for other tokens, and its own answers in progress")
    func conflict() async throws {
        let gate = Gate(isOpen: false)
        try await ServiceUnderTest.run(gate: gate) { service in
            try await service.createDataset("p")
            #expect(try await service.update("p", token: "a", line("1")).updateStatus == "UPDATE_IN_PROGRESS")
            #expect(try await service.describe("p").status == "UPDATE_IN_PROGRESS")
            #expect(try await service.update("p", token: "a", line("1")).updateStatus == "UPDATE_IN_PROGRESS")
            let busy = try await service.update("p", token: "b", line("2"))
            #expect((busy.status, busy.errorType, busy.fault?.resourceID) == (409, "ConflictException", "p/train"))
            let path = Operation.deleteDataset.path(project: "p", datasetType: "train")
            #expect(try await service.call("DELETE", path).errorType == "ConflictException")
            // Another dataset is not held up.
            try await service.createDataset("q")
            #expect(try await service.update("q", token: "a", line("1")).status == 202)
            gate.open()
            #expect(try await service.untilTerminal("p").status == "UPDATE_COMPLETE")
            #expect(try await service.untilTerminal("q").status == "UPDATE_COMPLETE")
            #expect(try await service.update("p", token: "b", line("2")).status == 202)
            #expect(try await service.untilTerminal("p").imageStats?.total == 2)
        }
    }

    @Test("A token answers with the status of its own update for 8 hours, and never applies again")
    func tokens() async throws {
        let clock = ManualClock()
        try await ServiceUnderTest.run(clock: clock) { service in
            try await service.createDataset("p")
            for (token, lines) in [("good", line("1", "normal")), ("bad", "{}"), ("last", line("1", "anomaly"))] {
                #expect(try await service.update("p", token: token, lines).status == 202)
                _ = try await service.untilTerminal("p")
            }
            clock.advance(seconds: 8 * 3_600 - 1)
            #expect(try await service.update("p", token: "good", line("1", "normal")).updateStatus == "UPDATE_COMPLETE")
            #expect(
                try await service.update("p", token: "bad", "{}").updateStatus == "UPDATE_FAILED_ROLLBACK_COMPLETE")
            #expect(try await service.list("p").datasetEntries == [line("1", "anomaly")])
            let reused = try await service.update("p", token: "good", line("2"))
            #expect((reused.status, reused.errorType) == (400, "ValidationException"))
            #expect(reused.fault?.message?.contains("ClientToken") == true)
            #expect(try await service.store.history().count == 2)

            clock.advance(seconds: 1)
            #expect(
                try await service.update("p", token: "good", line("1", "normal")).updateStatus == "UPDATE_IN_PROGRESS")
            _ = try await service.untilTerminal("p")
            #expect(try await service.list("p").datasetEntries == [line("1", "normal")])
        }
    }

    @Test("The scope of a token is the dataset")
    func tokenScope() async throws {
        try await ServiceUnderTest.run { service in
            try await service.createDataset("p")
            try await service.createDataset("q")
            #expect(try await service.update("p", token: "t", line("1")).updateStatus == "UPDATE_IN_PROGRESS")
            #expect(try await service.update("q", token: "t", line("2")).updateStatus == "UPDATE_IN_PROGRESS")
            _ = try await service.untilTerminal("p")
            _ = try await service.untilTerminal("q")
            #expect(try await service.store.history().map(\.project).sorted() == ["p", "q"])
        }
    }

    @Test("A bad line, a line of another bucket or a repeated image fails the update whole")
    func allOrNothing() async throws {
        try await ServiceUnderTest.run { service in
            try await service.createDataset("p")
            _ = try await service.update("p", line("1", "normal"))
            let before = try await service.untilTerminal("p")
            for (lines, reason) in [
                ([line("1", "anomaly"), line("2"), #"{"source-ref":"nowhere"}"#], "line 3: source-ref"),
                ([line("1", "anomaly"), line("2"), line("2")], "line 3: the same source-ref as line 2"),
                ([line("2", bucket: "elsewhere")], "another bucket"),
            ] {
                _ = try await service.update("p", payload: Data(lines.joined(separator: "\n").utf8))
                let after = try await service.untilTerminal("p")
                #expect(after.status == "UPDATE_FAILED_ROLLBACK_COMPLETE")
                #expect(after.statusMessage?.contains(reason) == true, "\(after.statusMessage ?? "none")")
                #expect(after.imageStats == before.imageStats)
                #expect(try await service.list("p").datasetEntries == [line("1", "normal")])
            }
            #expect(try await service.store.history().count == 1)
        }
    }

    @Test("DescribeDataset names the token of the latest accepted update")
    func latestToken() async throws {
        try await ServiceUnderTest.run { service in
            try await service.createDataset("p")
            let path = Operation.describeDataset.path(project: "p", datasetType: "train")
            #expect(try await service.call("GET", path).header(WireNames.latestUpdateToken) == nil)
            for token in ["first", "second"] {
                _ = try await service.update("p", token: token, line("1"))
                #expect(try await service.call("GET", path).header(WireNames.latestUpdateToken) == token)
                _ = try await service.untilTerminal("p")
            }
        }
    }

    @Test("What was accepted before a stop is applied after the next start, once")
    func restart() async throws {
        let database = TemporaryDatabase()
        try await ServiceUnderTest.run(database: database, gate: Gate(isOpen: false)) { service in
            for project in ["p", "q", "r"] { try await service.createDataset(project) }
            #expect(try await service.update("p", token: "a", line("1", "normal")).status == 202)
            #expect(try await service.update("q", token: "b", "{}").status == 202)
        }
        try await ServiceUnderTest.run(database: database) { service in
            let applied = try await service.untilTerminal("p")
            #expect(applied.status == "UPDATE_COMPLETE")
            #expect(try await service.untilTerminal("q").status == "UPDATE_FAILED_ROLLBACK_COMPLETE")
            #expect(try await service.describe("r").status == "CREATE_COMPLETE")
            #expect(applied.imageStats == .init(total: 1, labeled: 1, normal: 1, anomaly: 0))
            #expect(try await service.update("p", token: "a", line("1", "normal")).updateStatus == "UPDATE_COMPLETE")
        }
        let store = try DatasetStore(path: database.path)
        defer { try? store.close() }
        #expect(try await store.history().map(\.token) == ["a"])
    }

    @Test("The history outlives the dataset, and a new dataset of the name starts afresh")
    func historySurvives() async throws {
        try await ServiceUnderTest.run { service in
            for _ in 0..<2 {
                try await service.createDataset("p")
                #expect(try await service.update("p", token: "t", line("1")).updateStatus == "UPDATE_IN_PROGRESS")
                #expect(try await service.untilTerminal("p").imageStats?.total == 1)
                let path = Operation.deleteDataset.path(project: "p", datasetType: "train")
                #expect(try await service.call("DELETE", path).status == 202)
            }
            #expect(try await service.store.history().map(\.token) == ["t", "t"])
        }
    }

    @Test("Statistics kept as entries come equal those counted from the entries")
    func statistics() async throws {
        var generator = SeededGenerator(state: 20_261_123)
        try await ServiceUnderTest.run { service in
            try await service.createDataset("p")
            for _ in 0..<20 {
                let keys = (0..<30).map(String.init).shuffled(using: &generator).prefix(12)
                let lines = keys.map {
                    line($0, ["normal", "anomaly", "other", nil].randomElement(using: &generator) ?? nil)
                }
                _ = try await service.update("p", payload: Data(lines.joined(separator: "\n").utf8))
                let stats = try await service.untilTerminal("p").imageStats
                let entries = try await service.store.entries(of: DatasetName(project: "p", type: .train))
                let normal = entries.count { $0.contains("\"normal\"") }
                let anomaly = entries.count { $0.contains("\"anomaly\"") }
                #expect(
                    stats == .init(total: entries.count, labeled: normal + anomaly, normal: normal, anomaly: anomaly))
            }
        }
    }
}

/// A small generator whose sequence is the same in every run (SplitMix64).
struct SeededGenerator: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
