internal import DequeModule
internal import Labelling

/// How memory stays bounded without one stuck dataset stopping the others of its partition.
extension Settlement {
    /// Above the budget, partitions that hold more than their share are paused; they stay in the group and go on once
    /// they hold half of it. Half of the budget is common, half is shared out: one busy partition may use the common
    /// half, and no number of them can exceed the whole.
    ///
    /// What lanes hold that are stuck is no sign of falling behind. Their queues are given up, to be read again later;
    /// only their batches in flight stay, and those pause a partition only once the whole budget is used up.
    func balanceMemory(now: Int64) {
        nextLookForStuckLanes = nil
        guard !partitions.isEmpty else { return }
        let half = settings.memoryBytes / 2
        let share = half / partitions.count
        let total = partitions.all.reduce(0) { $0 + $1.heldBytes }
        hastenLanes(total: total, now: now)
        lookForStuckLanes(total: total, half: half, share: share, now: now)
        let held = partitions.all.map { $0.heldBytes - $0.stuckFlightBytes }
        let moving = held.reduce(0, +)
        var pause: [Int32] = []
        var resume: [Int32] = []
        for (partition, held) in zip(partitions.all, held) {
            if partition.isPaused {
                // Late, because a resumed partition fetches anew what was thrown away when it was paused.
                guard total <= settings.memoryBytes, held <= share / 2 || moving <= half / 2 else { continue }
                partition.isPaused = false
                resume.append(partition.number)
            } else if (moving > half && held > share) || (total > settings.memoryBytes && partition.heldBytes > share),
                !partition.isReforming
            {
                // (A batch that is being re-formed needs the log up to its cut; nothing of the partition moves without.)
                partition.isPaused = true
                pause.append(partition.number)
            }
        }
        if !pause.isEmpty { actions.append(.pause(pause)) }
        if !resume.isEmpty { actions.append(.resume(resume)) }
        for partition in partitions.all where !partition.lanesMissing.isEmpty {
            if !partition.isPaused, !partition.isLeaving, stopping == nil {
                askForRewind(of: partition, now: now)
            } else if let rewind = partition.rewind, rewind.retryAt <= now {
                partition.rewind = nil
            }
        }
    }

    /// A lane that has asked in vain, or without an answer, for a while, or that waits for what need not ever come: one
    /// that has its dataset in another partition, or room in the ledger.
    private func isStuck(_ lane: Lane, of partition: Partition, now: Int64) -> Bool {
        if lane.flight == nil, isWaitingForRoom(lane, of: partition) { return true }
        guard lane.flight?.phase ?? .ready == .ready, let holder = holders[lane.dataset],
            holder != partition.reference(to: lane.number)
        else { return lane.flight?.isStuck(at: now) ?? false }
        return self.lane(holder)?.1.flight?.isStuck(at: now) ?? false
    }

    /// Whether the lane would hold its queue while others need the memory to make it room.
    private func isWaitingForRoom(_ lane: Lane, of partition: Partition) -> Bool {
        // What was inherited has to be read again, whatever waits meanwhile: then there is room.
        if partition.isReadingInheritance { return partition.room.isFull && !lane.isNamed }
        guard partition.room.isRoundMissingEvents, let round = partition.room.round else { return false }
        return lane.firstUnsettled ?? 0 > round
    }

    /// Where memory is short: gives up the queues of stuck lanes, and notes what their batches hold.
    private func lookForStuckLanes(total: Int, half: Int, share: Int, now: Int64) {
        guard total > half || partitions.all.contains(where: \.isPaused) else {
            for partition in partitions.all { partition.stuckFlightBytes = 0 }
            return
        }
        // It takes a look at every lane, and lanes do not get stuck from one turn to the next.
        guard now >= lastLookForStuckLanes + Self.lookInterval else {
            nextLookForStuckLanes = lastLookForStuckLanes + Self.lookInterval
            return
        }
        lastLookForStuckLanes = now
        for partition in partitions.all {
            if partition.isPaused || (total > half && partition.heldBytes > share) {
                forgetStuckLanes(of: partition, now: now)
            }
            partition.stuckFlightBytes =
                total > half || partition.isPaused ? stuckFlightBytes(of: partition, now: now) : 0
        }
    }

    /// Nanoseconds.
    private static let lookInterval: Int64 = 20_000_000

    private func stuckFlightBytes(of partition: Partition, now: Int64) -> Int {
        partition.active.reduce(0) { bytes, number in
            let lane = partition.lanes.lanes[Int(number)]
            guard let batch = lane.flight?.batch, isStuck(lane, of: partition, now: now) else { return bytes }
            return bytes + batch.segment.heldBytes
        }
    }

    /// What waits behind lanes that are stuck is given up.
    private func forgetStuckLanes(of partition: Partition, now: Int64) {
        for number in partition.active {
            let lane = partition.lanes.lanes[Int(number)]
            guard !lane.segments.isEmpty, lane.flight?.phase != .reforming, isStuck(lane, of: partition, now: now)
            else {
                continue
            }
            if lane.missing == nil { partition.lanesMissing.append(number) }
            partition.heldBytes -= lane.forgetSegments()
        }
    }

    /// Asks for the log from where the first lane misses events that could go on now.
    private func askForRewind(of partition: Partition, now: Int64) {
        guard now >= partition.rewind?.retryAt ?? .min else { return }
        let lanes = partition.lanesMissing.map { partition.lanes.lanes[Int($0)] }
        // One at a time: lanes that are being refilled are waited for.
        guard !lanes.contains(where: { $0.missing?.isRefilling == true }) else {
            partition.rewind = nil
            return
        }
        let offsets = lanes.compactMap { lane in
            lane.flight == nil && !isStuck(lane, of: partition, now: now) ? lane.missing?.from : nil
        }
        guard let offset = offsets.min() else {
            partition.rewind = nil
            return
        }
        partition.rewind = (offset, now + Self.rewindPatience)
        actions.append(.rewind(partition: partition.number, offset: offset))
    }

    /// After this long without `rewound`, a rewind is asked for again.
    private static let rewindPatience: Int64 = 5_000_000_000

    /// A `rewind` is done: the next records of the partition come from `offset` on, again.
    package func rewound(partition number: Int32, to offset: Int64, now: Moment) {
        guard let partition = partitions[number], partition.rewind?.offset == offset else { return }
        partition.rewind = nil
        partition.isAtEnd = false
        for number in partition.lanesMissing {
            let lane = partition.lanes.lanes[Int(number)]
            // A lane that is still stuck goes on missing: whatever it took now would be given up again.
            if let missing = lane.missing, missing.from >= offset, !isStuck(lane, of: partition, now: now.monotonic) {
                lane.missing?.isRefilling = true
            }
        }
    }

    /// An event below the position was read again; lanes that hold it already, or have settled it, pass it over.
    func reread(_ event: LabellingEvent, of partition: Partition, offset: Int64, now: Moment) {
        let lane = partition.lane(project: event.project, type: event.type)
        if let missing = lane.missing, missing.isRefilling, offset >= missing.from {
            lane.missing?.from = offset + 1
            enter(event, into: lane, of: partition, offset: offset, now: now)
        }
        if offset + 1 == partition.position { finishRefilling(partition) }
    }

    /// All that had been read before has been read again.
    func finishRefilling(_ partition: Partition) {
        guard !partition.lanesMissing.isEmpty else { return }
        partition.lanesMissing.removeAll { number in
            let lane = partition.lanes.lanes[Int(number)]
            guard lane.missing?.isRefilling == true else { return false }
            lane.missing = nil
            return true
        }
    }
}
