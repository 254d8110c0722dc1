internal import Labelling

/// When a lane's events have waited long enough for company.
extension Settlement {
    func isRipe(_ lane: Lane, of partition: Partition, now: Int64) -> Bool {
        guard let head = lane.segments.first else { return false }
        return isFull(lane) || (partition.isAtEnd && !settings.lingersAtEnd)
            || now >= ripensAt(head, of: lane, in: partition)
    }

    /// Whether the lane has enough for a batch, however long that has waited.
    @inline(__always)
    func isFull(_ lane: Lane) -> Bool {
        if lane.segments.isMoreThanOne { return true }
        return lane.segments.borrowedLast?.use { last in
            last.events.count >= settings.batchLines || last.heldBytes >= ripeBytes
        } ?? false
    }

    /// When the events have waited long enough, in monotonic nanoseconds. Those that were read before their partition's
    /// turn ended have, and so have those of a round that no more is read for. For one's turn one waits longer, and has the
    /// linger before oneself again then, since there is no company before.
    private func ripensAt(_ head: Segment, of lane: Lane, in partition: Partition) -> Int64 {
        if head.openedAt <= partition.turnEndedAt { return .min }
        if partition.isPaused, head.firstOffset ?? .max <= partition.room.round ?? -1 { return .min }
        let latest = head.openedAt + linger + ReadingTurn.longestWait
        if partition.isWaitingForTurn { return latest }
        return min(latest, max(head.openedAt, partition.lingersFrom) + lane.linger(atMost: linger))
    }

    /// Sees to it that the lane is looked at when it gets ripe by waiting.
    func setTimer(of lane: Lane, in partition: Partition) {
        guard let head = lane.segments.first else { return }
        lane.wakesAt = ripensAt(head, of: lane, in: partition)
        timers.add(partition.reference(to: lane.number), at: lane.wakesAt)
    }

    /// The partition was paused or resumed, or a round has begun there: lanes may be ripe, or become so earlier than it
    /// seemed.
    func reconsiderRipeness(of partition: Partition, now: Int64) {
        for number in partition.active {
            let lane = partition.lanes.lanes[Int(number)]
            guard let head = lane.segments.first, lane.flight == nil, !lane.isQueued else { continue }
            if isRipe(lane, of: partition, now: now) {
                enqueue(lane, of: partition)
            } else if ripensAt(head, of: lane, in: partition) < lane.wakesAt || lane.wakesAt <= now {
                setTimer(of: lane, in: partition)
            }
        }
    }

    /// While memory is short the lanes that hold most go out before they have to: what would be gained by waiting is less
    /// than what pausing costs, which throws away all that was fetched ahead. Where lanes are many, and while partitions are
    /// read by turns, more is to be gained, and nothing is lost as long as there are calls to be made anyway.
    func hastenLanes(now: Int64) {
        guard let crowd, isWorthHastening(crowd) else {
            ripeBytes = .max
            return
        }
        ripeBytes = crowd.averageBytesRead
        // (A lane need not get another event to be noticed by.)
        for partition in partitions.all { reconsiderRipeness(of: partition, now: now) }
    }

    private func isWorthHastening(_ crowd: Crowd) -> Bool {
        guard turn != nil || crowd.isDense(below: settings.worthwhileBytes) else {
            return crowd.bytes > settings.memoryBytes / 4
        }
        return lanesToCut.count < settings.concurrency * 4
            && crowd.bytes > MemoryLoad.mostForGoingOn(budget: settings.memoryBytes, byTurns: turn != nil)
    }

    /// There is nothing beyond `offset` in the partition's log, for now. To be told so again costs nothing.
    package func reachedEnd(partition number: Int32, offset: Int64) {
        guard let partition = partitions[number], !partition.isAtEnd || offset > partition.position else { return }
        advance(partition: number, to: offset)
        partition.isAtEnd = true
        guard !settings.lingersAtEnd else { return }
        enqueueAll(of: partition)
    }
}
