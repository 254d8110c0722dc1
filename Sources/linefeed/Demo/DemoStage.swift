internal import DatasetService
internal import Foundation
internal import Kafka
internal import Settlement
internal import Synchronization
internal import Telemetry

/// Looks at the demo from outside: what the group has committed, what the service has applied.
struct DemoStage {
    struct View {
        var appliedLines: Int
        var updatesInProgress: Int
        var committed: Int64
        var end: Int64
        var isSettled: Bool { committed >= end }
    }

    private let reader: ClusterReader
    private let topic: String
    private let store: DatasetStore
    private let total: Int
    private let deadline: ContinuousClock.Instant

    init(
        cluster: EmbeddedCluster, topic: String, group: String, store: DatasetStore, total: Int,
        deadline: ContinuousClock.Instant
    ) throws {
        reader = try ClusterReader(
            properties: ["bootstrap.servers": cluster.bootstrapServers], group: group, log: { _, _, _ in })
        self.topic = topic
        self.store = store
        self.total = total
        self.deadline = deadline
    }

    func appliedLines() async throws -> Int { try await store.history().reduce(0) { $0 + $1.lines } }

    /// Shows progress until the condition holds.
    /// - Throws: when a worker has ended by itself, or time is up.
    func wait(for workers: DemoWorkers, published: Int, until isEnough: (View) -> Bool) async throws {
        let clock = ContinuousClock()
        var shownAt: ContinuousClock.Instant?
        while true {
            let view = try await view()
            let isDone = isEnough(view)
            if isDone || shownAt.map({ clock.now - $0 >= Self.showInterval }) ?? true {
                shownAt = clock.now
                Console.shared.progress(
                    "\(published) of \(total) published · \(view.appliedLines) lines applied · "
                        + "\(view.committed) of \(view.end) committed · \(workers.count) workers")
            }
            if isDone { return }
            guard workers.fallen.isEmpty else {
                throw CommandFailure("a worker ended by itself, with status \(workers.fallen[0])")
            }
            guard ContinuousClock.now < deadline else {
                throw CommandFailure("time is up; with --keep the workers' logs stay and say more")
            }
            try await Task.sleep(for: .milliseconds(50))
        }
    }

    private static let showInterval: Duration = .milliseconds(Console.shared.isTerminal ? 100 : 500)

    /// Records in the dead-letter topic.
    func deadLetters() async throws -> Int {
        let logs = try await reader.watermarks(of: topic + ".dead-letters", timeout: .seconds(10))
        return Int(logs.reduce(0) { $0 + $1.high - $1.low })
    }

    private func view() async throws -> View {
        let logs = try await reader.watermarks(of: topic, timeout: .seconds(10))
        let offsets = try await reader.committedOffsets(of: topic, timeout: .seconds(10))
        return View(
            appliedLines: try await appliedLines(), updatesInProgress: try await store.updatesInProgress(),
            committed: offsets.reduce(0) { $0 + ($1.offset ?? 0) },
            end: logs.reduce(0) { $0 + $1.high })
    }
}

/// The first failure of many deliveries.
final class DemoFailures: Sendable {
    private let state = Mutex(String?.none)

    func add(_ failure: String) { state.withLock { $0 = $0 ?? failure } }

    var first: String? { state.withLock { $0 } }
}
