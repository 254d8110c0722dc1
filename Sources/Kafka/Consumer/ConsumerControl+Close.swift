import CRDKafka

extension ConsumerControl {
    /// Begins closing: partitions are revoked (which the delegate answers as always) and the group is left, while
    /// delivery of news goes on. At the deadline everything is let go, and nobody waits for what comes of it.
    /// `Consumer.finished()` answers within the deadline. A second call changes nothing.
    package func close(deadline: Duration) {
        guard closing == nil, let handle else { return }
        closing = .now + deadline
        // Nothing is paused or resumed from here on.
        pauses = PauseTable()
        // The consumer queue itself goes on serving: the one loop sees the last revoke and commit results too.
        if let error = rd_kafka_consumer_close_queue(handle.raw, queue) {
            deferred.append(.failed(KafkaError(consuming: error, "close consumer")))
        }
    }

    /// Takes the place of every answer to a rebalance while closing.
    ///
    /// librdkafka then takes any answer for one that gives up everything, and leaves. So there is one, when all that the group
    /// gave has been given up. What was given last needs none: it is asked back, or the group is left without.
    func answerClosing(_ handle: ClientHandle) {
        if given.isEmpty, awaitingUnassign == nil { letGo(handle) }
    }

    /// The one call that waits for librdkafka while closing, on a thread of its own.
    ///
    /// As it leaves the group, librdkafka throws away what it was asked and has not looked at yet, and who asked waits for
    /// ever (issue 4884). That thread then keeps the handle, so that nobody frees what it waits in.
    private func letGo(_ handle: ClientHandle) {
        guard closingAnswer == nil else { return }
        let answer = Latch()
        do {
            try DedicatedThread.start("kafka-leave") {
                // Refused where the group was left before.
                withExtendedLifetime(handle) { _ = rd_kafka_assign(handle.raw, nil) }
                answer.open()
            }
            closingAnswer = answer
        } catch {
            handle.log(error)
        }
    }

    /// The end of the consumer's thread.
    func end(_ handle: ClientHandle) {
        let leftGroup = rd_kafka_consumer_closed(handle.raw) != 0
        self.handle = nil
        queue = nil
        results = nil
        positions.removeAll()
        if let commit = outstandingCommit {
            outstandingCommit = nil
            delegate.commitFinished(commit.id, .timedOut, by: self)
        }
        for news in deferred {
            switch news {
            case .commitFinished(let id, let outcome): delegate.commitFinished(id, outcome, by: self)
            case .failed(let error): handle.log(error)
            }
        }
        deferred = []
        delegate.consumerEnds(by: self)
        shared.closeQueues()
        let isDestroyed = destroy(handle, leftGroup: leftGroup)
        shared.finish(ConsumerEnd(error: fatalError, leftGroup: leftGroup, isDestroyed: isDestroyed))
    }

    /// Whether the client was gone in time. If not, its handle destroys it once the last thread has let go of that.
    private func destroy(_ handle: ClientHandle, leftGroup: Bool) -> Bool {
        // Past the deadline nobody waits.
        if closing != nil, !leftGroup {
            letGo(handle)
            keepUntilClosed(handle)
            return false
        }
        // After a fatal error there is no deadline to keep.
        let end = closing ?? .now + .seconds(2)
        if let closingAnswer, !closingAnswer.wait(for: min(end - .now, Self.answerWait)) { return false }
        return handle.destroy(within: end - .now)
    }

    /// Destroyed while it is still closing, a client keeps a processor busy until it has closed: with a commit that no
    /// broker takes, that is never.
    private func keepUntilClosed(_ handle: ClientHandle) {
        do {
            try DedicatedThread.start("kafka-closing") {
                let pause = Latch()
                // After a fatal error it may not have begun.
                while rd_kafka_consumer_closed(handle.raw) == 0,
                    rd_kafka_fatal_error(handle.raw, nil, 0) == RD_KAFKA_RESP_ERR_NO_ERROR
                {
                    _ = pause.wait(for: Self.closedPause)
                }
            }
        } catch {
            // It is destroyed at once then.
            handle.log(error)
        }
    }

    /// An answer that was not lost is there within milliseconds.
    private static let answerWait: Duration = .seconds(1)
    private static let closedPause: Duration = .milliseconds(100)
}
