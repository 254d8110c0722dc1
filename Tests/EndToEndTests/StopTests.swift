import Foundation
import Testing

extension EndToEnd {
    @Suite struct StopTests {
        @Test("SIGTERM in the middle of calls: quick, and nothing is applied twice", .timeLimit(.minutes(2)))
        func stopWithCallsInFlight() async throws {
            let workload = Workload(topic: "labelling", datasets: 4, records: 400, oddities: false, seed: 3)
            try await Arena.with { arena in
                let brokers = try await arena.startBroker(topics: ["labelling:2"])
                // Longer than a stop may take: no call that is in flight at the signal can be waited for.
                let service = try await arena.startService(applyDelay: "6s")
                let setup = Arena.Setup(brokers: brokers, endpoint: service.url)
                _ = try await workload.publish(to: brokers)
                let history = try History(arena.database)

                let first = try arena.startWorker("first worker", setup)
                try await arena.until("a call for every dataset is in flight", within: .seconds(30)) {
                    try await history.inProgress() == workload.expected.count
                }
                let signalled = ContinuousClock.now
                first.terminate()
                try await arena.ended(first, within: .seconds(5))
                print("stopped with \(workload.expected.count) calls in flight in \(ContinuousClock.now - signalled)")
                #expect(try await history.lines() == 0, "the calls were still in flight")

                let second = try arena.startWorker("second worker", setup)
                try await arena.ended(second, within: .seconds(60))
                let verdict = Verdict(arena: arena, setup: setup, workload: workload)
                let updates = try await verdict.checkHistory()
                #expect(updates.count == workload.expected.count, "the second worker repeated the first one's calls")
                try await verdict.checkOffsets()
                try await verdict.checkContent()
            }
        }
    }
}
