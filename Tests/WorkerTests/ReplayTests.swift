import DatasetClient
import Kafka
import Labelling
import LookoutVision
import NIOCore
import Settlement
import Testing
import Worker

/// A ledger from more than eight hours ago: the service has forgotten the token, and may have applied the batch.
@Suite(.timeLimit(.minutes(5)))
struct ReplayTests {
    @Test(arguments: [true, false])
    func anOldTokenIsNotSentAgain(isApplied: Bool) async throws {
        let arena = try Arena()
        let lines = (0..<150).map { line("\($0).jpg") }
        try await Service.run(projects: ["boards"]) { service in
            try await arena.publish(lines, project: "boards")
            if isApplied { try await apply(lines, service.client) }
            try await remember(
                Ledger.InFlight(cut: 149, firstSent: 1_000_000, eventCount: 150), in: arena)

            try await arena.worker(service.client, Self.outlastTheOperator).run()

            #expect(try await service.entries("boards").sorted() == lines.sorted())
            let history = try await service.history()
            #expect(history.updates == 1)
            #expect(history.lines == 150)
            #expect(try await arena.ledger()?.offset == 150)
        }
    }

    /// A topic made anew under its old name: waiting for the old offset to be reached would skip its records.
    @Test func anOffsetBeyondTheEndOfTheLogStartsAtItsBeginning() async throws {
        let arena = try Arena()
        try await Service.run(projects: ["boards"]) { service in
            try await arena.publish((0..<5).map { line("\($0).jpg") }, project: "boards")
            try await commit(OffsetCommit(partition: 0, offset: 100, metadata: ""), in: arena)
            let worker = arena.worker(service.client, untilEnd: false, Self.outlastTheOperator)
            try await running(worker) {
                try await arena.until { $0.first?.offset == 5 }
            }
            #expect(try await service.entries("boards").count == 5)
            #expect(
                arena.journal.count(
                    "The committed offset lies beyond the end of the log: reading it from its beginning") == 1)
            #expect(
                arena.journal.count(
                    "The committed offset lies beyond the end of the log: looking again before that is believed") == 1)
        }
    }

    /// It is no sign that everything there is has been settled.
    @Test func anOffsetBeyondTheEndOfTheLogIsNoEndOfADrain() async throws {
        let arena = try Arena()
        try await Service.run(projects: ["boards"]) { service in
            try await arena.publish((0..<5).map { line("\($0).jpg") }, project: "boards")
            try await commit(OffsetCommit(partition: 0, offset: 100, metadata: ""), in: arena)
            try await arena.worker(service.client, Self.outlastTheOperator).run()
            #expect(try await service.entries("boards").count == 5)
            #expect(try await arena.committed().map(\.offset) == [5])
        }
    }

    private func apply(_ lines: [String], _ client: DatasetClient) async throws {
        let body = UpdateBody(ByteBuffer(string: lines.joined(separator: "\n")))
        let outcome = try await client.update(project: "boards", type: .train, body: body, token: "long-ago")
        #expect(outcome == .completed)
    }

    /// As a worker left it that died with this batch in flight.
    private func remember(_ inFlight: Ledger.InFlight, in arena: Arena) async throws {
        let ledger = Ledger(
            era: 0, offset: 0, floor: -1,
            entries: [
                Ledger.Entry(dataset: DatasetKey(project: "boards", type: .train), settled: -1, inFlight: inFlight)
            ])
        let text = LedgerCoder(group: arena.group, topic: arena.topic, partition: 0).encode(ledger)
        try await commit(OffsetCommit(partition: 0, offset: 0, metadata: text), in: arena)
    }

    /// The embedded cluster lets a group wait for as long as its former member's session, and forgets whoever has a
    /// shorter one meanwhile.
    private static func outlastTheOperator(_ configuration: inout WorkerConfiguration) {
        configuration.kafka["session.timeout.ms"] = "12000"
    }

    /// As an operator does while the group has no members.
    private func commit(_ commit: OffsetCommit, in arena: Arena) async throws {
        try await StoppedGroup.commit(
            commit, kafka: arena.kafka, group: arena.group, topic: arena.topic, partitionCount: 1,
            timeout: .seconds(30))
    }
}
