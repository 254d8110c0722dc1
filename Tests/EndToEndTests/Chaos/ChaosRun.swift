import Foundation
import Kafka

/// One run: processes up, records in, faults by plan, faults over, everything drained, judgement.
struct ChaosRun {
    let seed: UInt64
    let length: Duration

    /// Long enough that a kill finds updates in progress.
    static let applyDelay = "60ms"
    /// Records published beyond those that were applied: enough to be always at work, and little enough for a
    /// cluster that keeps 5 MB.
    private static let backlog = 2500
    private static let drainLimit: Duration = .seconds(240)
    private static let options =
        [
            "--linger", "150ms", "--batch-lines", "40", "--concurrency", "12", "--log-level", "debug",
        ] + Arena.quickestTakeOver

    struct Report {
        var kills: Int
        /// For people.
        var figures: String
    }

    /// - Returns: nil where the embedded cluster aborted before the end, see `FaultyCluster.hasAborted`.
    func callAsFunction() async throws -> Report? {
        let outcome = Outcome()
        try await Arena.with(keepingFailures: true) { arena in
            let cluster = try await arena.startFaultyCluster(
                topics: ["labelling:\(ChaosPlan.partitions)", "labelling.dead-letters:1"])
            let service = try await arena.startService(applyDelay: Self.applyDelay)
            let audit = try Audit(arena.database)
            try await FaultProxy.with(service: service.url, seed: seed &+ 1) { proxy in
                let setup = Arena.Setup(brokers: cluster.brokers, endpoint: proxy.url)
                let plan = ChaosPlan(seed: seed, length: length, topic: setup.topic, group: setup.group)
                let stage = ChaosStage(
                    arena: arena, setup: setup, cluster: cluster, proxy: proxy, service: service.child,
                    servicePort: URL(string: service.url)?.port ?? 0, options: Self.options)
                let watch = try ChaosWatch(setup: setup, audit: audit)
                do {
                    try await run(arena, plan, stage, watch)
                    try await watch.judgeEnd(in: arena, service: service.url)
                    let violations = await watch.violations
                    guard violations.isEmpty else {
                        throw Failure("\(violations.count) violations:\n" + violations.joined(separator: "\n"))
                    }
                } catch {
                    if cluster.hasAborted, await watch.violations.isEmpty { return }
                    let diary = await stage.diary.joined(separator: "\n  ")
                    let violations = await watch.violations.joined(separator: "\n")
                    throw Failure("seed \(seed), \(length): \(error)\n\(violations)\nwhat was done:\n  \(diary)")
                }
                let kills = await stage.workerKills + stage.serviceKills
                let figures = try await figures(stage, watch, proxy, try History(arena.database))
                await outcome.set(Report(kills: kills, figures: figures))
            }
        }
        return await outcome.report
    }

    private actor Outcome {
        private(set) var report: Report?
        func set(_ report: Report) { self.report = report }
    }

    private func run(_ arena: Arena, _ plan: ChaosPlan, _ stage: ChaosStage, _ watch: ChaosWatch) async throws {
        let publisher = try ChaosPublisher(topic: watch.setup.topic, brokers: watch.setup.brokers, watch: watch)
        var source = ChaosSource(seed: seed &+ 2)
        try await publisher.publish(source.prelude())
        try await stage.begin(plan)
        try await arena.until("every dataset has begun", within: .seconds(60)) {
            await watch.look()
            return await watch.isDrained
        }

        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await stage.play(plan) }
            group.addTask { [source] in
                var source = source
                while !Task.isCancelled {
                    let ahead = await watch.items.count - watch.linesApplied
                    if ahead < Self.backlog { try await publisher.publish(source.next(250)) }
                    await watch.look()
                    await arena.moment()
                }
            }
            // The plan ends, or one of the two fails.
            try await group.next()
            group.cancelAll()
            try await group.waitForAll()
        }

        try await stage.recover(plan)
        try await publisher.close()
        do {
            try await arena.until("everything is drained", within: Self.drainLimit) {
                await watch.look()
                return await watch.isDrained
            }
        } catch {
            throw Failure("\(error)\nbehind: \(await watch.behind)")
        }
        await stage.note("drained")
        try await stage.dismiss()
        try await arena.until("a healthy cluster has answered", within: .seconds(60)) { await watch.look() }
    }

    private func figures(
        _ stage: ChaosStage, _ watch: ChaosWatch, _ proxy: FaultProxy, _ history: History
    ) async throws -> String {
        let counts = proxy.counts
        let faults = counts.faults.sorted { $0.key.rawValue < $1.key.rawValue }.map { "\($0.key.rawValue) \($0.value)" }
        let brokers = await stage.brokerFaults.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }
        let updates = try await history.updates()
        return """
            chaos, seed \(seed), \(length.formatted(.units(allowed: [.seconds]))): \
            \(await stage.workerKills) workers and \(await stage.serviceKills) services killed, \
            \(await stage.freezes) workers and \(await stage.serviceFreezes) services frozen
              requests \(counts.requests), of which met a fault \(counts.faults.values.reduce(0, +)): \
            \(faults.joined(separator: ", "))
              broker faults \(await stage.brokerFaults.values.reduce(0, +)), of which \
            \(await stage.coordinatorFaults) of the coordinator: \(brokers.joined(separator: ", "))
              \(await watch.items.count) records, \(updates.count) updates of \(await watch.applied.count) lines, \
            \(try await history.failures()) refused, \(await watch.dead.count) records dead-lettered in \
            \(await watch.letters) letters; looked \(await watch.looks) times, \(await watch.blinks) without an answer
              0 tokens twice, 0 events twice, 0 stale lines, 0 commits back or past an open event
            """
    }
}
