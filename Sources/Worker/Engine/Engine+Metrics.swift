internal import CoreMetrics
internal import Labelling
internal import ServiceContextModule
internal import Settlement

/// What is counted as it happens: once for a call, a batch or a dead letter, never for an event.
extension Engine {
    /// - Returns: the trace that the call belongs to; nil for none.
    func noteCall(_ call: Call) -> ServiceContext? {
        let now = clock.now.monotonic
        let trace = watch.traces.context(of: call.batch)
        watch.calls[call.id] = (call.kind, call.batch.dataset, now)
        watch.lanes.calling(call, trace: trace, now: now)
        return trace
    }

    func noteAnswer(_ id: RequestID, _ answer: Answer, token: String?, now: Moment) {
        watch.access.note(answer, now: now.monotonic)
        guard let call = watch.calls.removeValue(forKey: id) else { return }
        if let token { watch.lanes.answered(call.dataset, id.lane.partition, token: token) }
        metrics.call(call.kind, answer, duration: .nanoseconds(now.monotonic - call.since))
    }

    func noteDeadLetterRequest(_ request: DeadLetterRequest) {
        var counts: [String: Int] = [:]
        for letter in request.letters { counts[letter.cause.reason, default: 0] += 1 }
        watch.letters[request.id] = counts
        if let dataset = request.dataset { watch.lanes.writingDeadLetters(dataset, request.partition) }
    }

    func noteDeadLetters(_ id: RequestID, areWritten: Bool) {
        guard let counts = watch.letters.removeValue(forKey: id), areWritten else { return }
        for (reason, count) in counts { metrics.deadLetter(reason: reason, count: count) }
    }

    func note(_ notice: Notice) {
        switch notice {
        case .settled(let batch):
            watch.lanes.settled(batch.dataset, batch.partition)
            metrics.batchLines.record(batch.lines)
            metrics.batchBytes.record(batch.bytes)
            metrics.batchSeconds.recordNanoseconds(batch.duration.nanoseconds)
            if let published = watch.views[batch.partition]?.timestamps.milliseconds(at: batch.firstOffset) {
                // A sender's clock may be ahead of ours.
                metrics.publishedToSettled.recordNanoseconds(max(0, clock.now.wall - published) * 1_000_000)
            }
        case .waiting(let dataset, let partition, let reason, let message, _, let failures):
            watch.lanes.waiting(dataset, partition, reason, message, failures: failures)
        default: break
        }
    }

    /// Passes on what the machine has counted since the last time.
    func count(_ summary: Settlement.Summary) {
        let now = summary.counters
        let before = watch.counted
        watch.counted = now
        metrics.recordsConsumed.increment(by: now.recordsRead - before.recordsRead)
        metrics.eventsSettled.increment(by: now.eventsSettled - before.eventsSettled)
        metrics.eventsReplayed.increment(by: now.eventsReplayed - before.eventsReplayed)
        metrics.tombstones.increment(by: now.tombstones - before.tombstones)
        metrics.batchesSettled.increment(by: now.batchesSettled - before.batchesSettled)
        metrics.linesApplied.increment(by: now.linesApplied - before.linesApplied)
        metrics.ledgersIgnored.increment(by: now.ledgersIgnored - before.ledgersIgnored)
        metrics.waiting(summary.waiting)
        metrics.batchesInFlight.record(summary.inFlight)
        metrics.partitionsAssigned.record(summary.partitions.count)
        metrics.memoryHeld.record(summary.heldBytes)
        metrics.memoryBudget.record(configuration.settlement.memoryBytes)
        metrics.ledgerLimit.record(configuration.settlement.ledgerCharacters)
    }
}

extension DeadLetter.Cause {
    /// Bounded, see `Rejection.Reason` and `DeadLetterReason`.
    var reason: String {
        switch self {
        case .rejected(let rejection): rejection.reason.rawValue
        case .refused(let reason, _): reason.rawValue
        }
    }
}
