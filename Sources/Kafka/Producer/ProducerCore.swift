import CRDKafka
import Synchronization

/// The part of a producer that its thread and its callers share.
final class ProducerCore: ClientEvents, Sendable {
    typealias Completion = @Sendable (Result<Delivery, KafkaError>) -> Void

    enum Outcome { case taken, full }

    private let state = Mutex(State())

    private struct State: @unchecked Sendable {
        var handle: ClientHandle?
        var queue: OpaquePointer?
        /// By number, not by pointer: whatever librdkafka loses is still there to be failed at the end.
        var completions: [UInt: Completion] = [:]
        var lastNumber: UInt = 0
        /// Callers inside librdkafka's produce call, which does not block.
        var insiders = 0
        /// Delivery reports so far, by which a sender that found the queue full sees whether it missed one.
        var reports: UInt64 = 0
        var roomWaiters: [CheckedContinuation<Void, Never>] = []
        var flushWaiters: [(deadline: ContinuousClock.Instant, continuation: CheckedContinuation<Bool, Never>)] = []
        var stopWaiters: [CheckedContinuation<Void, Never>] = []
        var isStopping = false
        var isStopped = false
    }

    func open(_ handle: ClientHandle, _ queue: OpaquePointer) {
        let opened = Opened(handle: handle, queue: queue)
        state.withLock {
            $0.handle = opened.handle
            $0.queue = opened.queue
        }
    }

    private struct Opened: @unchecked Sendable {
        let handle: ClientHandle
        let queue: OpaquePointer
    }

    // MARK: - Callers

    var inFlight: Int { state.withLock { $0.completions.count } }
    var reportCount: UInt64 { state.withLock { $0.reports } }

    /// Takes a record, or says that the queue is full; any other failure goes to the completion.
    func produce(_ record: OutgoingRecord, _ completion: @escaping Completion) -> Outcome {
        // Registered first: the report may come before the produce call returns. The thread does not destroy the
        // handle while anyone is inside.
        let (handle, number) = state.withLock { state -> (ClientHandle?, UInt) in
            guard !state.isStopping, let handle = state.handle else { return (nil, 0) }
            state.lastNumber += 1
            state.completions[state.lastNumber] = completion
            state.insiders += 1
            return (handle, state.lastNumber)
        }
        guard let handle else {
            completion(.failure(KafkaError(RD_KAFKA_RESP_ERR__DESTROY, "send record")))
            return .taken
        }
        let code = record.produce(handle, number: number)
        let isOurs = state.withLock { state in
            state.insiders -= 1
            return code != RD_KAFKA_RESP_ERR_NO_ERROR && state.completions.removeValue(forKey: number) != nil
        }
        guard isOurs else { return .taken }
        if code == RD_KAFKA_RESP_ERR__QUEUE_FULL { return .full }
        completion(.failure(KafkaError(code, "send record to \(record.topic)")))
        return .taken
    }

    /// Waits until a report has come since `seen`, that is, until there may be room.
    func room(since seen: UInt64) async {
        await withCheckedContinuation { continuation in
            let isRoom = state.withLock { state in
                if state.reports != seen || state.isStopping { return true }
                state.roomWaiters.append(continuation)
                return false
            }
            if isRoom { continuation.resume() }
        }
    }

    func flush(until deadline: ContinuousClock.Instant) async -> Bool {
        await withCheckedContinuation { continuation in
            let answer = state.withLock { state -> Bool? in
                if state.completions.isEmpty { return true }
                if state.isStopped { return false }
                state.flushWaiters.append((deadline, continuation))
                // The thread may be waiting for longer than this deadline.
                if let queue = state.queue { rd_kafka_queue_yield(queue) }
                return nil
            }
            if let answer { continuation.resume(returning: answer) }
        }
    }

    func requestStop() {
        state.withLock { state in
            state.isStopping = true
            if let queue = state.queue { rd_kafka_queue_yield(queue) }
        }
    }

    func stopped() async {
        await withCheckedContinuation { continuation in
            let isStopped = state.withLock { state in
                if !state.isStopped { state.stopWaiters.append(continuation) }
                return state.isStopped
            }
            if isStopped { continuation.resume() }
        }
    }

    // MARK: - The thread

    private static let longestWait: Duration = .milliseconds(500)
    private static let destroyTime: Duration = .seconds(2)

    /// The life of the producer's thread.
    func serve() {
        guard let handle = state.withLock({ $0.handle }) else { return }
        var isPurged = false
        var purgeEnd = ContinuousClock.now
        while true {
            let (wait, isStopping, isEmpty, isInUse) = state.withLock { state in
                let now = ContinuousClock.now
                let wait = state.flushWaiters.reduce(Self.longestWait) { min($0, $1.deadline - now) }
                return (max(wait, .zero), state.isStopping, state.completions.isEmpty, state.insiders > 0)
            }
            if isStopping, !isPurged {
                // Everything queued or in flight gets its report at once.
                rd_kafka_purge(
                    handle.raw, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT | RD_KAFKA_PURGE_F_NON_BLOCKING)
                isPurged = true
                purgeEnd = .now + .seconds(1)
            }
            if isStopping, !isInUse, isEmpty || purgeEnd <= .now { break }
            rd_kafka_poll(handle.raw, (isStopping ? .milliseconds(20) : wait).timeoutMilliseconds)
            resumeWaiters()
        }
        shut(within: Self.destroyTime)
    }

    private func resumeWaiters() {
        let (room, flushed) = state.withLock { state in
            let now = ContinuousClock.now
            let isEmpty = state.completions.isEmpty
            let due = state.flushWaiters.filter { isEmpty || $0.deadline <= now }
            if !due.isEmpty { state.flushWaiters.removeAll { isEmpty || $0.deadline <= now } }
            let room = state.roomWaiters
            state.roomWaiters = []
            return (room, due.map { ($0.continuation, isEmpty) })
        }
        for waiter in room { waiter.resume() }
        for (waiter, isEmpty) in flushed { waiter.resume(returning: isEmpty) }
    }

    /// Ends everything: nobody waits for this producer afterwards.
    func shut(within duration: Duration) {
        let last = state.withLock { state -> State in
            let last = state
            state = State()
            state.isStopping = true
            state.isStopped = true
            return last
        }
        if let queue = last.queue { rd_kafka_queue_destroy(queue) }
        last.handle?.destroy(within: duration)
        let lost = KafkaError(RD_KAFKA_RESP_ERR__DESTROY, "send record")
        for completion in last.completions.values { completion(.failure(lost)) }
        for waiter in last.roomWaiters { waiter.resume() }
        for waiter in last.flushWaiters { waiter.continuation.resume(returning: last.completions.isEmpty) }
        for waiter in last.stopWaiters { waiter.resume() }
    }

    func delivered(_ message: UnsafePointer<rd_kafka_message_t>) {
        let number = UInt(bitPattern: message.pointee._private)
        let completion = state.withLock { state in
            state.reports &+= 1
            return state.completions.removeValue(forKey: number)
        }
        let code = message.pointee.err
        if code == RD_KAFKA_RESP_ERR_NO_ERROR {
            let offset = message.pointee.offset
            completion?(
                .success(Delivery(partition: message.pointee.partition, offset: offset >= 0 ? offset : nil)))
        } else {
            completion?(.failure(KafkaError(code, "deliver record")))
        }
    }
}
