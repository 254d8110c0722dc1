import CRDKafka

extension ConsumerControl: ClientEvents {
    func failed(_ error: KafkaError) {
        if error.isFatal { fatalError = fatalError ?? error }
        delegate.consumerFailed(error, by: self)
    }
}

/// What one round of polling may do before the delegate's turn comes.
private enum Round {
    static let records = 4096
    static let duration: Duration = .milliseconds(5)
    /// How many records pass between two looks at the clock.
    static let stride = 64
    static let longestWait: Duration = .seconds(1)
    /// While closing, the end is seen by asking; librdkafka does not always post it.
    static let closingWait: Duration = .milliseconds(20)
}

extension ConsumerControl {
    /// The life of the consumer's thread: join, poll until closed or fatal, destroy.
    func run() {
        guard let handle else { return }
        let subscription = PartitionList(topic: topic, CollectionOfOne(RD_KAFKA_PARTITION_UA))
        let code = rd_kafka_subscribe(handle.raw, subscription.raw)
        if code != RD_KAFKA_RESP_ERR_NO_ERROR {
            failed(KafkaError(code, "subscribe to \(topic)", isFatal: true))
        }
        var wait: Duration = .zero
        while fatalError == nil, !isClosed(handle) {
            let isHolding = holdsRecords && closing == nil
            if !isHolding { pollRound(handle, wait: wait) }
            takeResults(wait: isHolding ? wait : .zero)
            deliverDeferred()
            let now = ContinuousClock.now
            tendFetcher(now: now)
            expireCommit(now: now)
            retryPauses(now: now)
            // Before the turn: a wake that comes while the delegate works makes the next poll return at once.
            shared.beginTurn(now)
            let answer = delegate.turn(self)
            deliverDeferred()
            wait = nextWait(answer)
        }
        end(handle)
    }

    private func isClosed(_ handle: ClientHandle) -> Bool {
        guard let closing else { return false }
        return rd_kafka_consumer_closed(handle.raw) != 0 || closing <= .now
    }

    private func nextWait(_ answer: Duration) -> Duration {
        guard deferred.isEmpty else { return .zero }
        let now = ContinuousClock.now
        var wait = min(answer, Round.longestWait)
        if let deadline = outstandingCommit?.deadline { wait = min(wait, deadline - now) }
        if FetcherAlarm.isNeeded, let due = alarm.dueAt { wait = min(wait, due - now) }
        if let retryAt = pauses.retryAt { wait = min(wait, retryAt - now) }
        if let closing { wait = min(wait, closing - now, Round.closingWait) }
        return max(wait, .zero)
    }

    /// Waits for the first message, then takes what is there, up to a bound.
    ///
    /// Single messages, not batches: batch consume loses offsets around pause and resume before 2.1.0. It also loses a
    /// message, in 2.0.2 as in later versions, where the callback of what stood before it in the queue has called
    /// `rd_kafka_yield`, as ours do: it looks at that only when the message has been taken out. Messages are prefetched, so a
    /// poll costs no system call.
    private func pollRound(_ handle: ClientHandle, wait: Duration) {
        guard let first = poll(handle, wait: wait) else { return }
        take(first, handle)
        let end = ContinuousClock.now + Round.duration
        var count = 1
        while count < Round.records, fatalError == nil, let message = rd_kafka_consumer_poll(handle.raw, 0) {
            take(message, handle)
            count += 1
            if count % Round.stride == 0, ContinuousClock.now >= end { return }
        }
    }

    /// One message. While there is none, what comes of a commit ends the wait too: for so long it goes to the same queue.
    /// Not while there are any, nor if it has come already, since it would stand behind all of them. (It may still come to
    /// stand behind those of the moment in which the wait ends.)
    private func poll(_ handle: ClientHandle, wait: Duration) -> UnsafeMutablePointer<rd_kafka_message_t>? {
        let milliseconds = wait.timeoutMilliseconds
        guard outstandingCommit != nil else { return rd_kafka_consumer_poll(handle.raw, milliseconds) }
        takeResults(wait: .zero)
        guard milliseconds > 0, outstandingCommit != nil, rd_kafka_queue_length(queue) == 0 else {
            return rd_kafka_consumer_poll(handle.raw, 0)
        }
        rd_kafka_queue_forward(results, queue)
        defer { rd_kafka_queue_forward(results, nil) }
        return rd_kafka_consumer_poll(handle.raw, milliseconds)
    }

    /// What came of a commit: in a queue full of records it would be heard of tens of milliseconds later. (What comes while the
    /// client is being destroyed is lost here; `end` says what became of the commit then.)
    private func takeResults(wait: Duration) {
        guard outstandingCommit != nil || wait > .zero, let results else { return }
        rd_kafka_queue_poll_callback(results, wait.timeoutMilliseconds)
    }

    private func take(_ message: UnsafeMutablePointer<rd_kafka_message_t>, _ handle: ClientHandle) {
        // Before anything else: an error comes in the shape of a record, its text in place of the value.
        guard message.pointee.err == RD_KAFKA_RESP_ERR_NO_ERROR else {
            takeError(message, handle)
            rd_kafka_message_destroy(message)
            return
        }
        alarm.took(bytes: message.pointee.len)
        let record = Record(owning: message)
        switch positions.accept(record.partition, record.offset) {
        case .expected: delegate.received(record, by: self)
        case .rewound: dropped.rewound += 1
        case .unassigned: dropped.unassigned += 1
        }
    }

    private func takeError(_ message: UnsafeMutablePointer<rd_kafka_message_t>, _ handle: ClientHandle) {
        let code = message.pointee.err
        let partition = message.pointee.partition
        if code == RD_KAFKA_RESP_ERR__PARTITION_EOF {
            guard positions.position(of: partition) != nil else { return }
            // Control records of transactions and compacted tails lie below it: nothing is left to deliver there.
            positions.advance(partition, to: message.pointee.offset)
            delegate.reachedEnd(partition: partition, offset: message.pointee.offset, by: self)
            return
        }
        let text = rd_kafka_message_errstr(message).map { String(cString: $0) }
        let operation = partition >= 0 ? "consume partition \(partition)" : "consume"
        failed(KafkaError.raised(by: handle.raw, operation, code, text))
    }

    private func deliverDeferred() {
        // News may make news: a failed commit, answered by another one.
        while !deferred.isEmpty {
            let news = deferred
            deferred = []
            for item in news {
                switch item {
                case .commitFinished(let id, let outcome): delegate.commitFinished(id, outcome, by: self)
                case .failed(let error): failed(error)
                }
            }
            if closing != nil || fatalError != nil { return }
        }
    }
}
