import Foundation
import Testing

extension EndToEnd {
    /// What `kill -9` must not change.
    @Suite struct KillTests {
        /// `LINEFEED_KILL_SEED` repeats a run.
        @Test("A pool of four, its workers killed at random", .timeLimit(.minutes(5)))
        func workersAreKilled() async throws {
            let seed =
                ProcessInfo.processInfo.environment["LINEFEED_KILL_SEED"].flatMap { UInt64($0) }
                ?? .random(in: 0..<1_000_000)
            let kills = 6
            var random = Random(seed: seed)
            let workload = Workload(topic: "labelling", datasets: 20, records: 50_000, oddities: true, seed: seed)
            try await Arena.with { arena in
                let brokers = try await arena.startBroker(topics: ["labelling:8", "labelling.dead-letters:1"])
                // Slow enough that every kill finds calls in flight.
                let service = try await arena.startService(applyDelay: "100ms")
                let setup = Arena.Setup(brokers: brokers, endpoint: service.url)
                let refused = try await workload.publish(to: brokers)
                let history = try History(arena.database)
                let start = ContinuousClock.now

                let options = ["--batch-lines", "100"] + Arena.quickestTakeOver
                var workers = try (1...4).map { try arena.startWorker("worker \($0)", setup, options) }
                var everybody = workers
                for kill in 1...kills {
                    let goal = workload.events * kill / (kills + 2)
                    try await arena.until("\(goal) lines are applied, kill \(kill)", within: .seconds(120)) {
                        try await history.lines() >= goal
                    }
                    let index = Int.random(in: workers.indices, using: &random)
                    let victim = workers[index]
                    try #require(victim.end == nil, "a worker to be killed must be at work")
                    victim.kill()
                    try await arena.until("\(victim.name) is dead", within: .seconds(60)) { victim.end != nil }
                    #expect(victim.end == .signal(SIGKILL))
                    workers[index] = try arena.startWorker("worker \(4 + kill)", setup, options)
                    everybody.append(workers[index])
                }
                for worker in workers { try await arena.ended(worker, within: .seconds(150)) }
                let duration = ContinuousClock.now - start

                let taken = everybody.reduce(0) { $0 + $1.sum(of: "batches_in_flight") }
                #expect(taken > 0, "no kill and no hand-over found a batch in flight")

                let verdict = Verdict(arena: arena, setup: setup, workload: workload)
                let updates = try await verdict.checkHistory()
                try await verdict.checkOffsets()
                let letters = try await verdict.checkDeadLetters(refused)
                try await verdict.checkContent()
                let lines = updates.reduce(0) { $0 + $1.lines }
                print(
                    """
                    pool of 4, seed \(seed): \(kills) kills, \(taken) batches taken over in flight; \(workload.items.count) records (\(workload.events) events, \
                    \(workload.tombstones) tombstones, \(refused.count) undecodable) into \(workload.expected.count) \
                    datasets in \(duration.formatted(.units(allowed: [.seconds]))): \(updates.count) updates of \
                    \(lines) lines, \(updates.repeatedTokens.count) tokens twice, \(letters) dead letters
                    """)
            }
        }

        @Test("The service is killed, and starts again on the same database", .timeLimit(.minutes(3)))
        func serviceIsKilled() async throws {
            let workload = Workload(topic: "labelling", datasets: 6, records: 1200, oddities: false, seed: 4)
            try await Arena.with { arena in
                let brokers = try await arena.startBroker(topics: ["labelling:2"])
                var service = try await arena.startService(applyDelay: "100ms")
                let setup = Arena.Setup(brokers: brokers, endpoint: service.url)
                let port = try #require(URL(string: service.url)?.port)
                _ = try await workload.publish(to: brokers)
                let history = try History(arena.database)
                let worker = try arena.startWorker("worker", setup, ["--batch-lines", "20"])
                for share in [25, 50, 75] {
                    try await arena.until("\(share) % are applied and updates are in progress", within: .seconds(60)) {
                        let lines = try await history.lines()
                        let inProgress = try await history.inProgress()
                        return lines * 100 >= workload.events * share && inProgress > 0
                    }
                    service.child.kill()
                    try await arena.until("the service is dead", within: .seconds(60)) { service.child.end != nil }
                    service = try await arena.startService(port: port, applyDelay: "100ms")
                }
                try await arena.ended(worker, within: .seconds(60))
                let verdict = Verdict(arena: arena, setup: setup, workload: workload)
                try await verdict.checkHistory()
                try await verdict.checkOffsets()
                try await verdict.checkContent()
            }
        }
    }
}
