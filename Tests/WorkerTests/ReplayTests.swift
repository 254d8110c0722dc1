import DatasetClient
import Kafka
import Labelling
import LookoutVision
import Settlement
import Testing
import Worker

/// A ledger from more than eight hours ago: the service has forgotten the token, and may have applied the batch.
@Suite(.timeLimit(.minutes(2)))
struct ReplayTests {
    @Test(arguments: [true, false])
    func anOldTokenIsNotSentAgain(isApplied: Bool) async throws {
        let arena = try Arena()
        let lines = (0..<150).map { line("\($0).jpg") }
        try await Service.run(projects: ["boards"]) { service in
            try await arena.publish(lines, project: "boards")
            if isApplied { try await apply(lines, service.client) }
            try await remember(
                Ledger.InFlight(cut: 149, firstSent: 1_000_000, generation: 0), in: arena)

            try await arena.worker(service.client).run()

            #expect(try await service.entries("boards").sorted() == lines.sorted())
            let history = try await service.history()
            #expect(history.updates == 1)
            #expect(history.lines == 150)
            #expect(try await arena.ledger()?.offset == 150)
        }
    }

    private func apply(_ lines: [String], _ client: DatasetClient) async throws {
        let payload = Array(lines.joined(separator: "\n").utf8)
        let body = UpdateBody(payloadByteCount: payload.count) { chunk in payload.withUnsafeBytes { chunk($0) } }
        let outcome = try await client.update(project: "boards", type: .train, body: body, token: "long-ago")
        #expect(outcome == .completed)
    }

    /// As a worker left it that died with this batch in flight.
    private func remember(_ inFlight: Ledger.InFlight, in arena: Arena) async throws {
        let ledger = Ledger(
            offset: 0, floor: -1,
            entries: [
                Ledger.Entry(dataset: DatasetKey(project: "boards", type: .train), settled: -1, inFlight: inFlight)
            ])
        let text = LedgerCoder(group: arena.group, topic: arena.topic, partition: 0).encode(ledger)
        let editor = try OffsetEditor(properties: arena.kafka, group: arena.group)
        try await editor.commit(
            OffsetCommit(partition: 0, offset: 0, metadata: text), of: arena.topic, timeout: .seconds(10))
    }
}
