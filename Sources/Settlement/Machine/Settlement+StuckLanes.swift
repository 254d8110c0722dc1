internal import DequeModule
internal import Labelling

/// How a stuck lane gives up what it holds, and gets it again.
extension Settlement {
    /// A lane that has asked in vain, or without an answer, for a while, or that waits for what need not ever come: one
    /// that has its dataset in another partition, or room in the ledger.
    func isStuck(_ lane: Lane, of partition: Partition, now: Int64) -> Bool {
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

    func stuckFlightBytes(of partition: Partition, now: Int64) -> Int {
        partition.active.reduce(0) { bytes, number in
            let lane = partition.lanes.lanes[Int(number)]
            guard let batch = lane.flight?.batch, isStuck(lane, of: partition, now: now) else { return bytes }
            return bytes + batch.segment.heldBytes
        }
    }

    /// What waits behind lanes that are stuck is given up.
    func forgetStuckLanes(of partition: Partition, now: Int64) {
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
    func askForRewind(of partition: Partition, now: Int64) {
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
        partition.lastRead = offset
        partition.borrowedLane(project: event.project, type: event.type).use { lane in
            guard let missing = lane.missing, missing.isRefilling, offset >= missing.from else { return }
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
