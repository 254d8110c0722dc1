import CRDKafka
import Synchronization

/// One topic, one group member, one dedicated thread on which the delegate hears everything.
///
/// Rules that hold whatever the properties say, because exactly-once rests on them: nothing is committed but
/// through `ConsumerControl.commit`, no offset is stored by librdkafka, ends of partitions are reported. Defaults
/// where nothing is set: `range` assignment, which is eager (a commit during a cooperative rebalance can lose the
/// assignment before 2.10.0), and `auto.offset.reset=earliest`.
package final class Consumer: Sendable {
    private let shared: ConsumerShared
    private let control: Mutex<Handoff?>

    /// Makes the client; nothing is joined or called before `start`.
    ///
    /// - Parameters:
    ///   - topic: one topic's name; never a pattern.
    ///   - group: the consumer group to join.
    ///   - properties: librdkafka's; those that the rules above fix are overridden.
    ///   - delegate: handed over: from here on only the consumer's thread touches it. Released when that ends.
    ///   - log: takes librdkafka's log lines.
    /// - Throws: a property that librdkafka refuses, or a topic name that is empty or a pattern.
    package init(
        topic: String, group: String, properties: KafkaProperties, delegate: sending any ConsumerDelegate,
        log: @escaping KafkaLog
    ) throws(KafkaError) {
        guard !topic.isEmpty, !topic.hasPrefix("^"), !group.isEmpty else {
            throw KafkaError(
                RD_KAFKA_RESP_ERR__INVALID_ARG, "make consumer", message: "needs the name of a topic and of a group")
        }
        let properties = Self.complete(properties, group: group)
        shared = ConsumerShared()
        let queueBytes = (properties["queued.max.messages.kbytes"].flatMap { Int($0) } ?? 65_536) << 10
        let queueRecords = properties["queued.min.messages"].flatMap { Int($0) } ?? 100_000
        let control = ConsumerControl(
            topic: topic, delegate: delegate, shared: shared,
            alarm: FetcherAlarm(queueBytes: queueBytes, queueRecords: queueRecords))
        let handle = try ClientHandle(
            RD_KAFKA_CONSUMER, properties, events: control, log: log)
        // Log, error and rebalance events then come through the consumer queue, on the consumer's thread.
        try KafkaError.check(rd_kafka_poll_set_consumer(handle.raw), "make consumer")
        guard let queue = rd_kafka_queue_get_consumer(handle.raw) else {
            throw KafkaError(RD_KAFKA_RESP_ERR__UNKNOWN_GROUP, "make consumer")
        }
        guard let results = rd_kafka_queue_new(handle.raw) else {
            rd_kafka_queue_destroy(queue)
            throw KafkaError(RD_KAFKA_RESP_ERR__CRIT_SYS_RESOURCE, "make consumer")
        }
        control.handle = handle
        control.queue = queue
        control.results = results
        shared.open([queue, results])
        self.control = Mutex(Handoff(control: control))
    }

    deinit {
        // Never started: the queue's reference goes before its client does.
        if control.withLock({ $0 != nil }) { shared.closeQueues() }
    }

    /// Starts the thread, which joins the group. A second call does nothing.
    package func start() {
        guard let handoff = control.withLock({ $0.take() }) else { return }
        do {
            try DedicatedThread.start("kafka-consumer") { handoff.control.run() }
        } catch {
            shared.closeQueues()
            shared.finish(ConsumerEnd(error: error, leftGroup: false, isDestroyed: false))
        }
    }

    /// Makes the delegate's next turn come at once, from any thread. Cheap, coalesced, never lost.
    package func wake() {
        shared.wake()
    }

    /// How long ago the delegate's last turn began; nil before the first. A watchdog for readiness:
    /// `max.poll.interval.ms` is not one, since before 2.1.0 any poll of any queue resets it.
    package var sinceLastTurn: Duration? { shared.sinceLastTurn }

    /// Answers when the thread has ended, by `close` or a fatal error; at once when it has ended before.
    package func finished() async -> ConsumerEnd {
        await shared.finished()
    }

    /// Milliseconds that a broker may keep a fetch for which it has no records, where no property says otherwise.
    package static let defaultFetchWait = 100

    private static func complete(_ properties: KafkaProperties, group: String) -> KafkaProperties {
        var result = properties
        result["group.id"] = group
        result["auto.commit.enable"] = nil
        result["enable.auto.commit"] = "false"
        result["enable.auto.offset.store"] = "false"
        result["enable.partition.eof"] = "true"
        result.setDefault("auto.offset.reset", "earliest")
        limitFetching(&result)
        // Refused together with the newer group protocol, where the broker assigns.
        if result["group.protocol"]?.lowercased() != "consumer" {
            result.setDefault("partition.assignment.strategy", "range")
        }
        return result
    }

    /// What is fetched ahead is memory beside the caller's own, many times the fetched bytes where they are compressed.
    /// These limits keep it at some 30 MB, which is still several round trips' worth. Whoever has large records or a long
    /// way to the broker sets others.
    private static func limitFetching(_ properties: inout KafkaProperties) {
        // A fetch asks for those partitions whose queue had room when it was made. Where they turn out to have nothing
        // more, it holds up the others for so long.
        properties.setDefault("fetch.wait.max.ms", "\(defaultFetchWait)")
        properties.setDefault("queued.min.messages", "20000")
        properties.setDefault("queued.max.messages.kbytes", "16384")
        // May not be less than a message, nor more than an answer.
        let message = properties["message.max.bytes"].flatMap { Int($0) } ?? 0
        let answer = properties["receive.message.max.bytes"].flatMap { Int($0) }.map { $0 - 512 } ?? .max
        properties.setDefault("fetch.max.bytes", String(min(max(1 << 20, message), answer)))
        if !FetcherAlarm.isNeeded { properties.setDefault("fetch.queue.backoff.ms", "5") }
    }

    /// The control on its way to the thread that will own it.
    private struct Handoff: @unchecked Sendable {
        let control: ConsumerControl
    }
}

/// The part of a consumer that other threads may touch.
final class ConsumerShared: Sendable {
    private let isWoken = Atomic(false)
    private let lastTurn = Atomic<Int64>(0)
    private let origin = ContinuousClock.now
    private let queues = Mutex(Queues())
    private let end = Mutex(End.running([]))

    private struct Queues: @unchecked Sendable {
        var pointers: [OpaquePointer] = []
    }

    private enum End {
        case running([CheckedContinuation<ConsumerEnd, Never>])
        case ended(ConsumerEnd)
    }

    /// Takes on references to the queues that the thread may wait at.
    func open(_ pointers: [OpaquePointer]) {
        let fresh = Queues(pointers: pointers)
        queues.withLock { $0 = fresh }
    }

    /// Gives the queues' references back; later wakes do nothing.
    func closeQueues() {
        let last = queues.withLock { queues in
            let last = queues
            queues.pointers = []
            return last
        }
        for pointer in last.pointers { rd_kafka_queue_destroy(pointer) }
    }

    func wake() {
        // The first wake since the last turn yields the queues; the yield sticks to them, so that a poll which has not
        // begun yet returns at once too. The lock keeps the queues from being destroyed meanwhile.
        guard !isWoken.exchange(true, ordering: .acquiringAndReleasing) else { return }
        queues.withLock { queues in
            for pointer in queues.pointers { rd_kafka_queue_yield(pointer) }
        }
    }

    func beginTurn(_ now: ContinuousClock.Instant) {
        isWoken.store(false, ordering: .sequentiallyConsistent)
        lastTurn.store(max(1, (now - origin).nanoseconds), ordering: .relaxed)
    }

    var sinceLastTurn: Duration? {
        let turn = lastTurn.load(ordering: .relaxed)
        guard turn != 0 else { return nil }
        return ContinuousClock.now - (origin + .nanoseconds(turn))
    }

    func finish(_ result: ConsumerEnd) {
        let waiters = end.withLock { end -> [CheckedContinuation<ConsumerEnd, Never>] in
            guard case .running(let waiters) = end else { return [] }
            end = .ended(result)
            return waiters
        }
        for waiter in waiters { waiter.resume(returning: result) }
    }

    func finished() async -> ConsumerEnd {
        await withCheckedContinuation { continuation in
            let result = end.withLock { end -> ConsumerEnd? in
                switch end {
                case .ended(let result): return result
                case .running(let waiters):
                    end = .running(waiters + [continuation])
                    return nil
                }
            }
            if let result { continuation.resume(returning: result) }
        }
    }
}
