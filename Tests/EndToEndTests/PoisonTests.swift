import Foundation
import Testing

extension EndToEnd {
    /// One bad line costs itself, and no other.
    @Suite struct PoisonTests {
        @Test("A poison line among 10,000", .timeLimit(.minutes(3)))
        func poisonLine() async throws {
            let workload = Workload(topic: "labelling", poisonAt: 6283, of: 10_000)
            try await Arena.with { arena in
                let brokers = try await arena.startBroker(topics: ["labelling:1", "labelling.dead-letters:1"])
                let service = try await arena.startService()
                let setup = Arena.Setup(brokers: brokers, endpoint: service.url)
                let refused = try await workload.publish(to: brokers)
                // All of them come into one batch, however long that takes.
                let worker = try arena.startWorker("worker", setup, ["--linger", "10m", "--batch-lines", "10000"])
                try await arena.ended(worker, within: .seconds(120))

                let history = try History(arena.database)
                let updates = try await history.updates()
                let failures = try await history.failures()
                let verdict = Verdict(arena: arena, setup: setup, workload: workload)
                try await verdict.checkOffsets()
                try await verdict.checkContent()
                #expect(updates.linesByDataset == ["line-0/train": 9999])
                #expect(updates.repeatedTokens.isEmpty)
                #expect(try await verdict.checkDeadLetters(refused) == 1)
                let extra = updates.count + failures - 1
                // Twice for the whole and for the line alone, and log2(10,000) halvings of two calls at the most.
                #expect(extra <= 2 * 14 + 2)
                print("a poison line among 10,000: 9,999 applied, 1 dead letter, \(extra) extra calls")
            }
        }
    }
}

extension Workload {
    /// Events of one dataset, one of which the service refuses: its image is in another bucket.
    fileprivate init(topic: String, poisonAt poison: Int, of records: Int) {
        self.init(topic: topic, datasets: 1, records: records, oddities: false, seed: 9)
        makePoison(of: poison)
    }
}
