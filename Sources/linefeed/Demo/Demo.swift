internal import DatasetService
internal import Foundation
internal import Kafka
internal import Logging
internal import ServiceLifecycle
internal import Settlement
internal import Telemetry

/// One run of the demo.
struct Demo: Sendable {
    let script: DemoScript
    let options: DemoCommand
    let folder: URL

    private static let topic = "labelling-events"
    private static let partitions = 6
    private static let group = "linefeed-demo"
    /// Dead workers are noticed by their silence; a demo has no time for the usual 45 seconds of it.
    private static let session = "3500"
    private static let deadline: Duration = .seconds(180)
    /// An update takes a moment, as it does in earnest: so there is always something in flight to be killed.
    private static let applyDelay: Duration = .milliseconds(250)

    func run() async throws {
        let cluster = try EmbeddedCluster(
            topics: [(Self.topic, Self.partitions), (Self.topic + ".dead-letters", 1)])
        defer { cluster.destroy() }
        let (ports, port) = AsyncStream.makeStream(of: Int.self)
        let logger = Logger(label: "service") { ConsoleLogHandler(label: $0, level: .error, format: .text) }
        let server = try DatasetServer(
            configuration: .init(
                databasePath: folder.appending(path: "datasets.sqlite").path, applyDelay: Self.applyDelay),
            logger: logger, onServerRunning: { port.yield($0) })
        let services = ServiceGroup(services: [server], logger: logger)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                defer { port.finish() }
                try await services.run()
            }
            // Ends without a port when the server could not start; the group's next result then says why.
            guard let port = await ports.first(where: { _ in true }) else { return try await group.waitForAll() }
            try await perform(cluster: cluster, endpoint: "http://127.0.0.1:\(port)", store: server.store)
            await services.triggerGracefulShutdown()
            try await group.waitForAll()
        }
    }

    private func perform(cluster: EmbeddedCluster, endpoint: String, store: DatasetStore) async throws {
        say("Kafka       \(cluster.bootstrapServers), topic \(Self.topic) with \(Self.partitions) partitions")
        say("Service     \(endpoint)")
        let clock = ContinuousClock()
        let start = clock.now
        var workers = DemoWorkers(
            arguments: [
                "--brokers", cluster.bootstrapServers, "--topic", Self.topic, "--group", Self.group,
                "--endpoint", endpoint, "--on-missing-dataset", "create", "--linger", "150ms", "--batch-lines", "200",
                "--kafka", "session.timeout.ms=\(Self.session)", "--kafka", "heartbeat.interval.ms=300",
                // The embedded cluster knows no static members.
                "--membership", "dynamic",
            ], folder: folder)
        defer { _ = workers.stop() }
        for _ in 0..<options.workers { try workers.start() }
        say("Workers     \(options.workers) processes")

        let stage = try DemoStage(
            cluster: cluster, topic: Self.topic, group: Self.group, store: store, total: script.events.count,
            deadline: start + Self.deadline)
        let producer = try Producer(properties: ["bootstrap.servers": cluster.bootstrapServers], log: { _, _, _ in })
        let slices = options.kills + 1
        var random = SplitMix64(seed: options.seed)
        for slice in 0..<slices {
            // Each kill comes while its slice is on its way: some of it applied, the rest not.
            let range = script.events.count * slice / slices..<script.events.count * (slice + 1) / slices
            let before = try await stage.appliedLines()
            try await publish(range, through: producer)
            guard slice < options.kills else { break }
            try await stage.wait(for: workers, published: range.upperBound) {
                $0.appliedLines >= before + range.count / 8 && $0.updatesInProgress > 0
            }
            guard let killed = workers.killOne(&random) else { throw CommandFailure("no worker was left to be killed") }
            Console.shared.line("Killed      worker \(killed) with SIGKILL; another one starts")
            try workers.start()
        }
        await producer.close(deadline: .seconds(10))
        try await stage.wait(for: workers, published: script.events.count) { $0.isSettled }
        let seconds = Double((clock.now - start).nanoseconds) / 1e9
        let statuses = workers.stop()
        Console.shared.endProgress()

        let deadLetters = try await stage.deadLetters()
        let verdict = try await DemoVerdict(script: script, store: store, deadLetters: deadLetters)
        report(verdict, deadLetters: deadLetters, takenOver: workers.batchesTakenOver(), seconds: seconds)
        guard verdict.failures.isEmpty else { throw CommandFailure("the datasets are not what the events say") }
        guard statuses.allSatisfy({ $0 == 0 }) else {
            throw CommandFailure("workers ended with status \(statuses) instead of 0")
        }
    }

    private func publish(_ range: Range<Int>, through producer: Producer) async throws {
        let failures = DemoFailures()
        for event in script.events[range] {
            await producer.enqueue(topic: Self.topic, key: Array(event.key.utf8), value: event.value) { result in
                if case .failure(let error) = result { failures.add(error.description) }
            }
        }
        guard await producer.flush(deadline: .seconds(30)), failures.first == nil else {
            throw CommandFailure("publishing failed: \(failures.first ?? "not acknowledged within 30 seconds")")
        }
    }

    private func report(_ verdict: DemoVerdict, deadLetters: Int, takenOver: Int, seconds: Double) {
        for failure in verdict.failures.prefix(10) { say("WRONG       \(failure)") }
        let twice = verdict.failures.contains { $0.contains("times") || $0.contains("were applied") }
        say(
            """
            Events      \(script.events.count) published: \(script.undecodable) undecodable, \(script.tombstones) tombstones
            Datasets    \(verdict.datasets) of \(script.expected.count) exactly as the events say, \(verdict.entries) entries
            Updates     \(verdict.updates) applied with \(verdict.lines) lines, \(twice ? "SOME TWICE" : "none twice")
            Dead        \(deadLetters) dead letters for \(script.undecodable) undecodable records
            Killed      \(options.kills) workers; \(takenOver) batches were in flight when a partition changed hands
            Time        \(String(format: "%.1f", seconds)) s
            """)
    }
}
