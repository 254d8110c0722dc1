import Foundation
import Testing

extension EndToEnd {
    @Suite struct StopTests {
        @Test("SIGTERM in the middle of calls: quick, and nothing is applied twice", .timeLimit(.minutes(5)))
        func stopWithCallsInFlight() async throws {
            let workload = Workload(topic: "labelling", datasets: 4, records: 400, oddities: false, seed: 3)
            let calls = workload.expected.count
            try await Arena.with { arena in
                let brokers = try await arena.startBroker(topics: ["labelling:2"])
                // Longer than this test takes: no call that is in flight can be waited for.
                var service = try await arena.startService(applyDelay: "1h")
                let port = try #require(URL(string: service.url)?.port)
                let setup = Arena.Setup(brokers: brokers, endpoint: service.url)
                _ = try await workload.publish(to: brokers)
                let history = try History(arena.database)

                let first = try arena.startWorker("worker of a pool", setup, drain: false)
                try await arena.until("a call for every dataset is in flight", within: .seconds(60)) {
                    try await history.inProgress() == calls
                }
                try await stop(first, arena)

                let second = try arena.startWorker("worker that drains", setup)
                try await arena.until("the calls are taken over", within: .seconds(60)) {
                    second.sum(of: "batches_in_flight") == calls
                }
                try await stop(second, arena)
                #expect(try await history.lines() == 0, "the calls were in flight all the time")

                service.child.terminate()
                try await arena.ended(service.child, within: .seconds(60))
                service = try await arena.startService(port: port)
                let third = try arena.startWorker("last worker", setup)
                try await arena.ended(third, within: .seconds(60))
                let verdict = Verdict(arena: arena, setup: setup, workload: workload)
                let updates = try await verdict.checkHistory()
                #expect(updates.count == calls, "the calls were made once")
                try await verdict.checkOffsets()
                try await verdict.checkContent()
            }
        }

        private func stop(_ worker: Child, _ arena: Arena) async throws {
            let signalled = ContinuousClock.now
            worker.terminate()
            // Its grace and its leaving take four seconds together, and a busy machine adds to that.
            try await arena.ended(worker, within: .seconds(20))
            print("\(worker.name): stopped in \(ContinuousClock.now - signalled) with calls in flight")
        }
    }
}
