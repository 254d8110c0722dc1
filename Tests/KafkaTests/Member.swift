import Kafka
import Synchronization

/// What a delegate heard.
enum Event: Sendable {
    case assigned([Int32])
    case revoked([Int32])
    case lost([Int32])
    case record(StoredRecord)
    case end(partition: Int32, offset: Int64)
    case commit(CommitID, CommitOutcome)
    case failed(KafkaError)
    case note(String)
}

/// Keeps events, and lets a test wait until they fulfil a condition.
final class Journal: Sendable {
    private let state = Mutex(State())

    private struct State {
        var events: [Event] = []
        var waiters: [Int: Waiter] = [:]
        var lastWaiter = 0
    }

    private struct Waiter {
        let condition: @Sendable ([Event]) -> Bool
        let continuation: CheckedContinuation<Void, any Error>
    }

    var events: [Event] { state.withLock { $0.events } }

    func add(_ event: Event) {
        let ready = state.withLock { state -> [Waiter] in
            state.events.append(event)
            let ready = state.waiters.filter { $0.value.condition(state.events) }
            for id in ready.keys { state.waiters[id] = nil }
            return Array(ready.values)
        }
        for waiter in ready { waiter.continuation.resume() }
    }

    /// Ends by the condition, or with the test's time limit.
    func wait(until condition: @escaping @Sendable ([Event]) -> Bool) async throws {
        let id = state.withLock { state in
            state.lastWaiter += 1
            return state.lastWaiter
        }
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                let isReady = state.withLock { state in
                    if condition(state.events) || Task.isCancelled { return true }
                    state.waiters[id] = Waiter(condition: condition, continuation: continuation)
                    return false
                }
                if isReady { continuation.resume() }
            }
        } onCancel: {
            let (waiter, events) = state.withLock { ($0.waiters.removeValue(forKey: id), $0.events) }
            waiter?.continuation.resume(throwing: NeverCame(after: events.suffix(20)))
        }
    }
}

/// What a test waited for had not come when its time was over.
struct NeverCame: Error {
    let after: ArraySlice<Event>
}

extension [Event] {
    var records: [StoredRecord] {
        compactMap { if case .record(let record) = $0 { record } else { nil } }
    }

    /// Partitions held after these events.
    var held: Set<Int32> {
        var held: Set<Int32> = []
        for event in self {
            switch event {
            case .assigned(let partitions): held.formUnion(partitions)
            case .revoked(let partitions), .lost(let partitions): held.subtract(partitions)
            default: break
            }
        }
        return held
    }

    var commits: [(id: CommitID, outcome: CommitOutcome)] {
        compactMap { if case .commit(let id, let outcome) = $0 { (id, outcome) } else { nil } }
    }

    func contains(note: String) -> Bool {
        contains { if case .note(note) = $0 { true } else { false } }
    }
}

/// What a member starts of what it is given.
enum Assigns {
    case all
    /// Nothing yet: the test does.
    case later
    /// Not even that is said.
    case never
}

/// A consumer whose delegate writes a journal and does on its thread what a test asks.
final class Member: Sendable {
    typealias Command = @Sendable (ConsumerControl) -> Void

    let journal = Journal()
    let consumer: Consumer
    private let mailbox: Mailbox

    /// With `commitsOnRevoke`, a revoke is answered only after this commit has its outcome.
    init(
        _ cluster: EmbeddedCluster, topic: String, group: String, properties: KafkaProperties = [:],
        commitsOnRevoke: [OffsetCommit]? = nil, assigns: Assigns = .all, onAssigned: Command? = nil,
        onRecord: Command? = nil, log: @escaping KafkaLog = { _, _, _ in }
    ) throws {
        mailbox = Mailbox()
        let delegate = JournalDelegate(
            journal: journal, mailbox: mailbox, commitsOnRevoke: commitsOnRevoke, assigns: assigns,
            onAssigned: onAssigned,
            onRecord: onRecord)
        consumer = try Consumer(
            topic: topic, group: group, properties: Self.quick(cluster).overridden(by: properties),
            delegate: delegate, log: log)
        consumer.start()
    }

    /// Quick, and yet so that a busy machine does not cost a member its place: it would have to stand still for so long.
    static func quick(_ cluster: EmbeddedCluster) -> KafkaProperties {
        [
            "bootstrap.servers": cluster.bootstrapServers, "session.timeout.ms": "6000",
            "heartbeat.interval.ms": "200", "reconnect.backoff.max.ms": "500",
        ]
    }

    /// Runs a command in the delegate's next turn.
    func perform(_ command: @escaping Command) {
        mailbox.put(command)
        consumer.wake()
    }

    func holds(_ count: Int) async throws {
        try await journal.wait { $0.held.count == count }
    }

    func close(deadline: Duration = .seconds(30)) async -> ConsumerEnd {
        perform { $0.close(deadline: deadline) }
        return await consumer.finished()
    }
}

final class Mailbox: Sendable {
    private let commands = Mutex<[Member.Command]>([])

    func put(_ command: @escaping Member.Command) {
        commands.withLock { $0.append(command) }
    }

    func takeAll() -> [Member.Command] {
        commands.withLock { commands in
            let all = commands
            commands = []
            return all
        }
    }
}

private final class JournalDelegate: ConsumerDelegate {
    let journal: Journal
    let mailbox: Mailbox
    let commitsOnRevoke: [OffsetCommit]?
    let assigns: Assigns
    let onAssigned: Member.Command?
    let onRecord: Member.Command?
    var revokeAfter: (commit: CommitID, partitions: [Int32])?

    init(
        journal: Journal, mailbox: Mailbox, commitsOnRevoke: [OffsetCommit]?, assigns: Assigns,
        onAssigned: Member.Command?,
        onRecord: Member.Command?
    ) {
        self.journal = journal
        self.mailbox = mailbox
        self.commitsOnRevoke = commitsOnRevoke
        self.assigns = assigns
        self.onAssigned = onAssigned
        self.onRecord = onRecord
    }

    func partitionsAssigned(_ partitions: [Int32], by control: ConsumerControl) {
        guard assigns == .all else {
            if assigns == .later { control.assign([]) }
            return journal.add(.assigned(partitions))
        }
        do {
            let committed = try control.committed(partitions, timeout: .seconds(30))
            control.assign(committed.map { ($0.partition, $0.offset ?? ConsumerControl.beginning) })
            journal.add(.assigned(partitions))
            onAssigned?(control)
        } catch {
            journal.add(.failed(error))
        }
    }

    func partitionsRevoked(_ partitions: [Int32], by control: ConsumerControl) {
        if let revoke = revokeAfter {
            revokeAfter = (revoke.commit, revoke.partitions + partitions)
        } else if let commitsOnRevoke {
            revokeAfter = (control.commit(commitsOnRevoke, deadline: .seconds(30)), partitions)
            journal.add(.note("revoke deferred"))
        } else {
            control.unassign(partitions)
            journal.add(.revoked(partitions))
        }
    }

    func partitionsLost(_ partitions: [Int32], by control: ConsumerControl) {
        journal.add(.lost(partitions))
    }

    func received(_ record: consuming Record, by control: ConsumerControl) {
        journal.add(.record(StoredRecord(copying: record)))
        onRecord?(control)
    }

    func reachedEnd(partition: Int32, offset: Int64, by control: ConsumerControl) {
        journal.add(.end(partition: partition, offset: offset))
    }

    func commitFinished(_ id: CommitID, _ outcome: CommitOutcome, by control: ConsumerControl) {
        journal.add(.commit(id, outcome))
        if let revoke = revokeAfter, revoke.commit == id {
            revokeAfter = nil
            control.unassign(revoke.partitions)
            journal.add(.revoked(revoke.partitions))
        }
    }

    func consumerFailed(_ error: KafkaError, by control: ConsumerControl) {
        journal.add(.failed(error))
    }

    func consumerEnds(by control: ConsumerControl) {}

    func turn(_ control: ConsumerControl) -> Duration {
        for command in mailbox.takeAll() { command(control) }
        return .seconds(60)
    }
}
