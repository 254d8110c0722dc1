import Exposition
import Foundation
import FoundationNetworking
import Testing

extension EndToEnd {
    /// A pool as somebody on call has it: watched from outside, and changed while it works.
    @Suite struct PoolTests {
        private static let options = ["--batch-lines", "100"]

        @Test(
            "Four workers are scraped through a backlog; an alert fires for a dataset that never answers, and resolves",
            .enabled(if: Paths.exists(Prometheus.executable), "needs Prometheus, see deploy/install --tests"),
            .timeLimit(.minutes(6)))
        func poolIsWatched() async throws {
            let workload = Workload(topic: "labelling", datasets: 40, records: 20_000, oddities: false, seed: 11)
            let silent = "line-0/train"
            let silentEvents = try #require(workload.expected[silent]).events
            try await Arena.with { arena in
                let brokers = try await arena.startBroker(topics: ["labelling:8", "labelling.dead-letters:1"])
                let service = try await arena.startService(applyDelay: "20ms", options: ["--telemetry-port", "0"])
                try await FaultProxy.with(service: service.url, seed: 11) { proxy in
                    proxy.mode = .swallowing("/projects/line-0/datasets/train")
                    let setup = Arena.Setup(brokers: brokers, endpoint: proxy.url)
                    // An event may be settled, and counted, once more by whoever takes its partition over: here nobody loses
                    // a place, and there is nothing to do until everybody has one.
                    let watched = [
                        "--telemetry-port", "0", "--stall-after", "5s", "--kafka", "session.timeout.ms=15000",
                    ]
                    let workers = try (1...4).map { number in
                        try arena.startWorker("worker \(number)", setup, Self.options + watched, drain: false)
                    }
                    let ports = try await workers.asyncMap { worker in
                        try await arena.telemetryPort(of: worker)
                    }
                    let prometheus = try await Prometheus(arena: arena, workers: ports.map { "127.0.0.1:\($0)" })
                    try await arena.until("all four are scraped", within: .seconds(60)) {
                        try await prometheus.value("sum(up)") == 4
                    }
                    try await arena.until("every worker has partitions", within: .seconds(60)) {
                        workers.allSatisfy { $0.log.contains("Partition assigned") }
                    }
                    _ = try await workload.publish(to: brokers)
                    let others = Double(workload.events - silentEvents)
                    try await arena.until("all but the silent dataset's events are settled", within: .seconds(120)) {
                        try await prometheus.value("sum(linefeed_events_settled_total)") ?? 0 >= others
                    }
                    let lag = try #require(try await prometheus.value("sum(linefeed_partition_lag_records)"))
                    #expect(lag >= 1)
                    try await arena.until("the alert fires", within: .seconds(90)) {
                        try await prometheus.firing().contains("LinefeedPartitionStalled")
                    }
                    let firing = try await prometheus.firing()
                    // Three quarters of the pool are well, and nobody is woken for them.
                    #expect(
                        !firing.contains("LinefeedNoWorkers") && !firing.contains("LinefeedWorkerDown"), "\(firing)")

                    proxy.mode = .honest
                    try await arena.until("everything is settled", within: .seconds(150)) {
                        try await prometheus.value("sum(linefeed_partition_lag_records)") == 0
                    }
                    try await arena.until("no alert fires", within: .seconds(60)) {
                        try await prometheus.firing().isEmpty
                    }
                    let settled = try await prometheus.value("sum(linefeed_events_settled_total)")
                    #expect(settled == Double(workload.events))
                    print(
                        "Prometheus saw 4 workers settle \(Int(settled ?? 0)) events of \(workload.events);",
                        "fired while \(silent) was silent: \(firing.sorted()); lag then \(Int(lag)), none after")
                    let servicePort = try await arena.telemetryPort(of: service.child)
                    for port in ports + [servicePort] { try await Self.checkMetrics(at: port) }
                    for worker in workers { worker.terminate() }
                    for worker in workers { try await arena.ended(worker, within: .seconds(60)) }
                    let verdict = Verdict(arena: arena, setup: setup, workload: workload)
                    try await verdict.checkHistory()
                    try await verdict.checkOffsets()
                }
            }
        }

        /// What a process that has worked exposes is explained, has a kind, says its unit, and keeps to the conventions.
        private static func checkMetrics(at port: Int) async throws {
            let url = try #require(URL(string: "http://127.0.0.1:\(port)/metrics"))
            let exposition = Exposition(String(decoding: try await URLSession.shared.data(from: url).0, as: UTF8.self))
            #expect(exposition.families.count >= 20)
            #expect(exposition.shortcomings == [])
            let (status, output) = try Promtool.check(exposition.text)
            #expect(status == 0 && output.isEmpty, "\(output)")
        }

        @Test("All four workers are restarted, one after the other, under load: nothing twice", .timeLimit(.minutes(5)))
        func rollingRestart() async throws {
            let workload = Workload(topic: "labelling", datasets: 20, records: 60_000, oddities: true, seed: 12)
            try await Arena.with { arena in
                let brokers = try await arena.startBroker(topics: ["labelling:8", "labelling.dead-letters:1"])
                let service = try await arena.startService(applyDelay: "100ms")
                let setup = Arena.Setup(brokers: brokers, endpoint: service.url)
                let refused = try await workload.publish(to: brokers)
                let history = try History(arena.database)
                var workers = try (1...4).map {
                    try arena.startWorker("worker \($0)", setup, Self.options, drain: false)
                }
                try await arena.until("every worker has partitions", within: .seconds(60)) {
                    workers.allSatisfy { $0.log.contains("Partition assigned") }
                }
                var times: [(stop: Duration, back: Duration)] = []
                for index in workers.indices {
                    let inProgress = try await history.lines()
                    try #require(inProgress < workload.events, "the load is over before the restart")
                    let start = ContinuousClock.now
                    workers[index].terminate()
                    try await arena.ended(workers[index], within: .seconds(60))
                    let stop = ContinuousClock.now - start
                    workers[index] = try arena.startWorker("worker \(index + 5)", setup, Self.options, drain: false)
                    try await arena.until("\(workers[index].name) has partitions", within: .seconds(60)) {
                        workers[index].log.contains("Partition assigned")
                    }
                    times.append((stop, ContinuousClock.now - start))
                }
                try await arena.until("everything is committed", within: .seconds(120)) {
                    try await setup.progress().allSatisfy { $0.committed == $0.high }
                }
                for worker in workers { worker.terminate() }
                for worker in workers { try await arena.ended(worker, within: .seconds(60)) }
                let verdict = Verdict(arena: arena, setup: setup, workload: workload)
                let updates = try await verdict.checkHistory()
                try await verdict.checkOffsets()
                try await verdict.checkContent()
                let letters = try await verdict.checkDeadLetters(refused)
                let format = Duration.UnitsFormatStyle.units(allowed: [.seconds], fractionalPart: .show(length: 1))
                print(
                    "4 of 4 restarted under load:",
                    times.map { "stopped in \($0.stop.formatted(format)), back in \($0.back.formatted(format))" }
                        .joined(separator: "; "),
                    "; \(updates.count) updates, \(updates.repeatedTokens.count) tokens twice, \(letters) dead letters")
            }
        }
    }
}

extension Arena {
    /// The port that a process's telemetry is on, as it says in its log.
    func telemetryPort(of process: Child) async throws -> Int {
        func port() -> Int? {
            process.log.split(separator: "\n").first { $0.contains("Telemetry is served") }
                .flatMap { $0.split(separator: "port=").last.flatMap { Int($0.prefix { $0.isNumber }) } }
        }
        try await until("\(process.name) serves its telemetry", within: .seconds(60)) { port() != nil }
        return try #require(port())
    }
}

extension Array where Element: Sendable {
    func asyncMap<Result>(_ transform: (Element) async throws -> Result) async throws -> [Result] {
        var results: [Result] = []
        for element in self { results.append(try await transform(element)) }
        return results
    }
}
