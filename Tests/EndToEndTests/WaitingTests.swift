import Foundation
import Testing

extension EndToEnd {
    /// What cannot go on waits, and nothing else waits for it.
    @Suite struct WaitingTests {
        @Test("200 datasets in one partition, one of which never answers", .timeLimit(.minutes(5)))
        func oneDatasetIsSilent() async throws {
            let workload = Workload(topic: "labelling", datasets: 200, records: 6000, oddities: false, seed: 7)
            let silent = "line-0/train"
            let silentEvents = try #require(workload.expected[silent]).events
            try await Arena.with { arena in
                let brokers = try await arena.startBroker(topics: ["labelling:1"])
                let service = try await arena.startService()
                try await FaultProxy.with(service: service.url, seed: 7) { proxy in
                    proxy.mode = .swallowing("/projects/line-0/datasets/train")
                    let setup = Arena.Setup(brokers: brokers, endpoint: proxy.url)
                    _ = try await workload.publish(to: brokers)
                    let history = try History(arena.database)
                    let start = ContinuousClock.now
                    let worker = try arena.startWorker("worker", setup, ["--linger", "300ms"])
                    try await arena.until("the other 199 are done", within: .seconds(120)) {
                        try await history.lines() == workload.events - silentEvents
                    }
                    let duration = ContinuousClock.now - start
                    #expect(try await history.updates().linesByDataset[silent] == nil)
                    #expect(proxy.counts.swallowed > 0)
                    #expect(worker.end == nil, "it must wait for the silent one")
                    let progress = try await setup.progress()
                    #expect(progress[0].committed < progress[0].high, "an event of \(silent) is open")
                    let ledger = try await arena.run(
                        "ledger", ["ledger", "--brokers", brokers, "--topic", setup.topic, "--group", setup.group])
                    #expect(ledger.contains { $0.contains("\(silent): a batch up to offset") }, "\(ledger)")
                    print(
                        "199 of 200 datasets of one partition, \(workload.events - silentEvents) events, done in",
                        "\(duration.formatted(.units(allowed: [.seconds]))) while one never answered;",
                        "committed \(progress[0].committed) of \(progress[0].high)")
                    print(ledger.map { "  " + $0 }.joined(separator: "\n"))

                    proxy.mode = .honest
                    // The call that was swallowed has to give up first.
                    try await arena.ended(worker, within: .seconds(150))
                    let verdict = Verdict(arena: arena, setup: setup, workload: workload)
                    try await verdict.checkHistory()
                    try await verdict.checkOffsets()
                }
            }
        }

        @Test("Wrong credentials for a minute: nothing is dead-lettered, all is applied after", .timeLimit(.minutes(5)))
        func credentialsAreWrong() async throws {
            let workload = Workload(topic: "labelling", datasets: 12, records: 1200, oddities: false, seed: 8)
            try await Arena.with { arena in
                let brokers = try await arena.startBroker(topics: ["labelling:2", "labelling.dead-letters:1"])
                let service = try await arena.startService()
                try await FaultProxy.with(service: service.url, seed: 8) { proxy in
                    let setup = Arena.Setup(brokers: brokers, endpoint: proxy.url)
                    _ = try await workload.publish(to: brokers)
                    proxy.mode = .refusing(status: 403, exception: "InvalidSignatureException")
                    let worker = try arena.startWorker("worker", setup, ["--linger", "100ms"])
                    try await arena.until("every lane was refused, for half a minute", within: .seconds(90)) {
                        proxy.counts.refused >= 40 && proxy.counts.refusing >= .seconds(30)
                    }
                    proxy.mode = .refusing(status: 403, exception: "AccessDeniedException")
                    try await arena.until("and in another way, for half a minute more", within: .seconds(90)) {
                        proxy.counts.refused >= 60 && proxy.counts.refusing >= .seconds(60)
                    }
                    let history = try History(arena.database)
                    #expect(try await history.lines() == 0)
                    #expect(worker.end == nil)
                    for partition in try await setup.progress() { #expect(partition.committed == 0) }

                    proxy.mode = .honest
                    try await arena.ended(worker, within: .seconds(120))
                    let verdict = Verdict(arena: arena, setup: setup, workload: workload)
                    let updates = try await verdict.checkHistory()
                    try await verdict.checkOffsets()
                    try await verdict.checkContent()
                    #expect(try await verdict.checkDeadLetters([:]) == 0)
                    print(
                        "refused \(proxy.counts.refused) times in \(proxy.counts.refusing) for wrong credentials, then",
                        "\(updates.count) updates",
                        "of \(updates.reduce(0) { $0 + $1.lines }) lines; 0 dead letters")
                }
            }
        }
    }
}
