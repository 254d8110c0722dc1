import Kafka
import Settlement
import Testing
import Worker

/// However a worker ends, it ends soon, and the next one carries on.
@Suite(.timeLimit(.minutes(5)))
struct StopTests {
    /// A worker's grace and its leaving take four seconds together, and a busy machine adds to that. Whatever must not be
    /// waited for lasts longer: a commit has half a minute, what is held back has no end.
    private static let soon: Duration = .seconds(20)

    @Test func aStopInTheMiddleOfSlowCallsLeavesTheRestToTheNextOwner() async throws {
        let arena = try Arena(partitions: 2)
        let gate = Gate()
        try await Service.run(projects: ["boards", "bottles"], gate: gate.pass) { service in
            try await arena.publish((0..<100).map { line("\($0).jpg") }, project: "boards", partition: 0)
            try await arena.publish((0..<100).map { line("\($0).jpg") }, project: "bottles", partition: 1)
            let duration = try await running(arena.worker(service.client, untilEnd: false)) {
                await gate.arrival()
                await gate.arrival()
            }
            #expect(duration < Self.soon)
            gate.open()
            try await arena.worker(service.client).run()
            #expect(try await service.entries("boards").count == 100)
            #expect(try await service.entries("bottles").count == 100)
            let history = try await service.history()
            #expect(history.lines == 200)
            #expect(!history.isAnyTwice)
            #expect(try await arena.committed().map(\.offset) == [100, 100])
        }
    }

    /// The goal is out of reach while the call is held back: the stop must not wait for it.
    @Test func aStopEndsADrainThatIsNotDone() async throws {
        let arena = try Arena()
        let gate = Gate()
        try await Service.run(projects: ["boards"], gate: gate.pass) { service in
            try await arena.publish([line("1.jpg")], project: "boards")
            let duration = try await running(arena.worker(service.client, untilEnd: true)) { await gate.arrival() }
            #expect(duration < Self.soon)
            gate.open()
            try await arena.worker(service.client).run()
            #expect(try await service.history().lines == 1)
        }
    }

    @Test func aStopBeforeTheFirstAssignment() async throws {
        let arena = try Arena()
        try await Service.run { service in
            let duration = try await running(arena.worker(service.client, untilEnd: false)) {}
            #expect(duration < Self.soon)
        }
    }

    @Test func aStopWhileOffsetsCannotBeRead() async throws {
        let arena = try Arena()
        try await Service.run { service in
            try await arena.publish([line("1.jpg")], project: "boards")
            // COORDINATOR_LOAD_IN_PROGRESS, for as long as the test asks.
            arena.cluster.pushRequestErrors(.offsetFetch, Array(repeating: 14, count: 200))
            let duration = try await running(arena.worker(service.client, untilEnd: false)) {
                try await arena.journal.wait(for: "Cannot read where to begin; trying again")
            }
            #expect(duration < Self.soon)
            #expect(arena.journal.count("Partition assigned") == 0)
        }
    }

    @Test func aStopDoesNotWaitForACommitThatIsNeverAnswered() async throws {
        let arena = try Arena()
        try await Service.run(projects: ["boards"]) { service in
            try await arena.publish([line("1.jpg")], project: "boards")
            // The group's first commit, which says where it begins, goes out with the first turn.
            try arena.cluster.pushDelay(.offsetCommit, broker: 1, .seconds(60))
            // A session that outlasts it: heartbeats wait behind the commit, and this is not about losing partitions.
            let worker = arena.worker(service.client, untilEnd: false) { $0.kafka["session.timeout.ms"] = "60000" }
            let duration = try await running(worker) {
                try await arena.journal.wait(for: "Partition assigned")
                while worker.summary.counters.recordsRead == 0 { _ = try await service.history() }
            }
            #expect(duration < Self.soon)
            #expect(arena.journal.count("Giving up the place in the group") == 1)
            #expect(arena.journal.count("Joining the group anew") == 0)
        }
    }

    @Test func aStopDoesNotWaitForDeadLettersThatCannotBeWritten() async throws {
        let arena = try Arena(brokers: 2)
        try await Service.run { service in
            try arena.cluster.setLeader(topic: "events.dead-letters", partition: 0, broker: nil)
            try await arena.publish("not json")
            let worker = arena.worker(service.client, untilEnd: false)
            let duration = try await running(worker) {
                try await arena.until { _ in worker.summary.counters.recordsRead == 1 }
            }
            #expect(duration < Self.soon)
            try arena.cluster.setLeader(topic: "events.dead-letters", partition: 0, broker: 1)
            try await arena.worker(service.client).run()
            #expect(try await arena.deadLetters().map(\.text) == ["not json"])
        }
    }

    @Test func aCancelledWorkerEndsWithoutItsGrace() async throws {
        let arena = try Arena()
        let gate = Gate()
        try await Service.run(projects: ["boards"], gate: gate.pass) { service in
            try await arena.publish([line("1.jpg")], project: "boards")
            let worker = arena.worker(service.client, untilEnd: false) { $0.stopGrace = .seconds(60) }
            var cancelledAt = ContinuousClock.now
            await withTaskGroup(of: Void.self) { group in
                group.addTask { try? await worker.run() }
                await gate.arrival()
                cancelledAt = .now
                group.cancelAll()
            }
            #expect(ContinuousClock.now - cancelledAt < Self.soon)
            gate.open()
        }
    }

    @Test func aPropertyThatIsRefusedEndsTheWorkerWithItsName() async throws {
        let arena = try Arena()
        try await Service.run { service in
            let worker = arena.worker(service.client, untilEnd: false) { $0.kafka["no.such.property"] = "1" }
            let error = await #expect(throws: KafkaError.self) { try await worker.run() }
            #expect(error?.operation.contains("no.such.property") == true)
        }
    }
}
