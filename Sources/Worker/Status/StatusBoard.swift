internal import Kafka
internal import Settlement
internal import Synchronization

/// Where the engine leaves word of itself, so that nobody has to ask its thread.
final class StatusBoard: Sendable {
    private struct State {
        var summary = Settlement.Summary()
        var status: WorkerStatus
        /// Of the memberships before this one.
        var earlier = Settlement.Summary().counters
        var consumer: Consumer?
        var hasEnded = false
    }

    private let state: Mutex<State>

    /// A loop that has not turned for this long does not turn: a turn takes a second at most, and a question to the
    /// cluster inside of it a few.
    private static let patience: Duration = .seconds(15)

    /// Until a membership's first look: whoever has not looked yet cannot say that it is ready.
    private static let joining = WorkerStatus.Readiness.Obstacle(reason: .notAssigned, detail: "joining the group")

    init(group: String, topic: String) {
        var status = WorkerStatus(group: group, topic: topic)
        status.readiness.obstacles = [Self.joining]
        state = Mutex(State(status: status))
    }

    /// A membership begins.
    func begin(_ consumer: Consumer) {
        state.withLock { state in
            state.consumer = consumer
            state.earlier = state.summary.counters
            state.status.membership.joined += 1
        }
    }

    /// The membership is over.
    func end() {
        state.withLock { state in
            state.consumer = nil
            state.status.membership.state = .joining
            state.status.readiness.obstacles = [Self.joining]
            state.status.partitions = []
        }
    }

    /// The worker is over.
    func close() { state.withLock { $0.hasEnded = true } }

    func publish(_ summary: Settlement.Summary) {
        state.withLock { state in
            state.summary = summary
            state.summary.counters += state.earlier
        }
    }

    func publish(_ status: WorkerStatus) {
        state.withLock { state in
            let before = state.status.membership
            state.status = status
            state.status.membership.joined = before.joined
        }
    }

    var summary: Settlement.Summary { state.withLock { $0.summary } }

    var status: WorkerStatus {
        let (last, summary, consumer, hasEnded) = state.withLock { ($0.status, $0.summary, $0.consumer, $0.hasEnded) }
        var status = last
        status.totals = WorkerStatus.Totals(summary.counters)
        status.batchesInFlight = summary.inFlight
        status.memory.heldBytes = summary.heldBytes
        status.lanesWaiting = Dictionary(
            summary.waiting.map { ($0.key.rawValue, $0.value) }, uniquingKeysWith: { first, _ in first })
        if hasEnded {
            status.membership.state = .ended
            status.readiness.obstacles = [.init(reason: .ended, detail: "the worker has ended")]
        } else if let silence = consumer?.sinceLastTurn, silence > Self.patience {
            status.readiness.obstacles.append(
                .init(reason: .hung, detail: "the poll loop has not turned for \(silence.components.seconds) s"))
        }
        return status
    }
}

extension WorkerStatus.Totals {
    init(_ counters: Counters) {
        self.init(
            recordsRead: counters.recordsRead, eventsSettled: counters.eventsSettled,
            eventsReplayed: counters.eventsReplayed, tombstones: counters.tombstones,
            deadLetters: counters.deadLetters, batchesSettled: counters.batchesSettled,
            linesApplied: counters.linesApplied, calls: counters.calls, commits: counters.commits,
            commitsFailed: counters.commitsFailed, ledgersIgnored: counters.ledgersIgnored)
    }
}

extension Counters {
    static func += (sum: inout Counters, other: Counters) {
        sum.recordsRead += other.recordsRead
        sum.eventsSettled += other.eventsSettled
        sum.eventsReplayed += other.eventsReplayed
        sum.tombstones += other.tombstones
        sum.deadLetters += other.deadLetters
        sum.batchesSettled += other.batchesSettled
        sum.linesApplied += other.linesApplied
        sum.calls += other.calls
        sum.commits += other.commits
        sum.commitsFailed += other.commitsFailed
        sum.ledgersIgnored += other.ledgersIgnored
    }
}
