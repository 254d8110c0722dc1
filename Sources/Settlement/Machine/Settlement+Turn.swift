internal import DequeModule

extension Settlement {
    /// Does what has become due. Called after every round of records and answers, and when the time that it returned
    /// has come.
    /// - Returns: monotonic nanoseconds at which to call again at the latest; nil if nothing is waited for.
    package func turn(now: Moment) -> Int64? {
        guard !hasGivenUp else { return nil }
        let time = now.monotonic
        while let reference = timers.popDue(at: time) { wake(reference, now: time) }
        if stopping == nil {
            for partition in partitions.all where partition.refusals.firstUnsettled != nil {
                writeRefusals(of: partition, now: time)
            }
            startRetries(now: now)
            startCalls(now: now)
            cutLanes(now: now)
            startRetries(now: now)
        }
        proceedWithLeaving(now: time)
        proceedWithStopping(now: time)
        if maySettle { startCommitIfDue(now: time) }
        balanceMemory(now: time)
        watchProgress(now: time)
        reconsiderHold(now: time)
        return hasGivenUp ? nil : nextDeadline
    }

    /// Whether anything can still become settled; the last commit before leaving is not made by the clock.
    var maySettle: Bool {
        guard let stopping else { return true }
        return !stopping.hasLeft && placesTaken + unrecordedCount > 0
    }

    private var nextDeadline: Int64? {
        var deadline = timers.earliest ?? .max
        if let due = nextCommitDue { deadline = min(deadline, due) }
        if commit != nil {
            // Only its outcome, or losing patience with it, lets anything else go on.
            if let leavingSince { deadline = min(deadline, leavingSince + settings.revokeDeadline.nanoseconds) }
        } else {
            if let stopping, !stopping.hasLeft { deadline = min(deadline, stopping.deadline) }
            if stopping == nil, !lanesToCut.isEmpty, isWorthCutting {
                deadline = min(deadline, commitRetryAt)
            }
        }
        if let hold { deadline = min(deadline, hold.until) }
        if let turnDue { deadline = min(deadline, turnDue) }
        if let nextLookAtLanes { deadline = min(deadline, nextLookAtLanes) }
        for partition in partitions.all {
            if let rewind = partition.rewind { deadline = min(deadline, rewind.retryAt) }
        }
        return deadline == .max ? nil : deadline
    }

    private func wake(_ reference: LaneReference, now: Int64) {
        guard let (partition, lane) = lane(reference) else { return }
        guard let flight = lane.flight else {
            if isRipe(lane, of: partition, now: now) {
                enqueue(lane, of: partition)
            } else if !lane.isQueued, lane.wakesAt <= now {
                // (Not for a timer of events that are gone.)
                setTimer(of: lane, in: partition)
            }
            return
        }
        if case .waiting(_, let until) = flight.phase, until <= now {
            flight.phase = .ready
            enqueue(lane, of: partition)
        }
    }

    /// Cuts batches for the places, and some more to have when places become free, just before a commit can carry their
    /// intents: until then the batches grow.
    private func cutLanes(now: Moment) {
        guard commit == nil, leavingSince == nil, now.monotonic >= commitRetryAt, isWorthCutting else { return }
        var rest = lanesToCut.count
        let most = settings.concurrency + (mayCutAhead ? mostBatchesAhead : 0)
        while rest > 0, placesTaken + batchesAhead < most, let reference = lanesToCut.popFirst() {
            rest -= 1
            guard let (partition, lane) = lane(reference) else { continue }
            lane.isQueued = false
            guard lane.flight == nil, !partition.isLeaving, admit(lane, of: partition) else { continue }
            cut(lane, of: partition, now: now)
        }
    }

    /// Batches that wait for a commit or for a place, but for those that have asked in vain.
    var batchesAhead: Int { unrecordedCount + lanesToCall.count }

    /// Each is named in a ledger: with a hundred in flight, half of the room in one partition's is taken.
    private var mostBatchesAhead: Int { max(settings.concurrency, min(settings.concurrency * 2, 64)) }

    /// Where many lanes are ripe, batches are cut ahead, many at a time, since a commit costs nearly the same for one intent as
    /// for many; where few are, they had better grow.
    private var mayCutAhead: Bool { lanesToCut.count >= settings.concurrency }

    /// Whether places would stay free otherwise, or will soon.
    private var isWorthCutting: Bool {
        placesTaken + batchesAhead < settings.concurrency || (mayCutAhead && batchesAhead <= settings.concurrency / 2)
    }

    private func cut(_ lane: Lane, of partition: Partition, now: Moment) {
        guard let segment = lane.segments.popFirst() else { return }
        // (Gathered before the round began, it may reach beyond.)
        let heldBytes = segment.heldBytes
        if let round = partition.room.round, segment.lastOffset ?? -1 > round, let rest = segment.split(from: round + 1)
        {
            lane.segments.prepend(rest)
            // Two have other room to spare than one.
            partition.heldBytes += segment.heldBytes + rest.heldBytes - heldBytes
        }
        guard let last = segment.lastOffset else { return }
        let batch = Batch(
            era: partition.era, dataset: lane.dataset, partition: partition.number, cut: last, segment: segment)
        lane.flight = Flight(of: batch, doubtsLoneLine: lane.doubtsLoneLine, now: now)
        leaveToNextCommit(lane, of: partition)
    }

    /// The next commit names the lane's batch; until it is acknowledged nothing of it is sent, and it has no place.
    func leaveToNextCommit(_ lane: Lane, of partition: Partition) {
        unrecordedCount += 1
        partition.intents.append(lane.number)
        partition.version += 1
    }

    /// Gets the dataset for this lane; where another partition's lane has it, this one is called when it is free.
    func hold(_ lane: Lane, of partition: Partition) -> Bool {
        let reference = partition.reference(to: lane.number)
        guard isHeldElsewhere(lane, of: partition) else {
            holders[lane.dataset] = reference
            return true
        }
        lane.isQueued = true
        waitersForDataset[lane.dataset, default: []].append(reference)
        return false
    }

    /// Whether the dataset has a batch in flight from another partition.
    func isHeldElsewhere(_ lane: Lane, of partition: Partition) -> Bool {
        guard let holder = holders[lane.dataset] else { return false }
        return holder != partition.reference(to: lane.number)
    }
}
