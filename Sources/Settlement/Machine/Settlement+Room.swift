internal import DequeModule
internal import Labelling

/// How lanes share the room of a partition's ledger.
extension Settlement {
    /// Whether a batch of the lane may be cut now, as far as its dataset and the ledger's room go. Where not, it waits in
    /// the place from where it comes back into the queue.
    func admit(_ lane: Lane, of partition: Partition) -> Bool {
        guard let first = lane.segments.first?.firstOffset else { return false }
        if isHeldElsewhere(lane, of: partition) {
            // The round is not to wait for it; that is found out with the next statement.
            if partition.room.round != nil { partition.version += 1 }
            return hold(lane, of: partition)
        }
        let nameCount = partition.mayBeHashed(lane) ? nil : lane.dataset.project.utf8.count
        let isAdmitted = partition.room.admit(lane, first: first, nameCount: nameCount)
        guard isAdmitted || (isIdle(partition) && partition.room.admitAlone(lane, first: first, nameCount: nameCount))
        else {
            lane.isQueued = true
            sayWhetherFull(partition)
            return false
        }
        return hold(lane, of: partition)
    }

    /// Says once that there is no room, until half of it is free again.
    func sayWhetherFull(_ partition: Partition) {
        guard partition.room.isFull, !partition.room.isKnownToBeFull else { return }
        partition.room.isKnownToBeFull = true
        actions.append(.notice(.noRoom(partition: partition.number)))
    }

    /// A statement was composed: begins the next round if that is due, and lets lanes ask again that had to wait.
    func renewRoom(of partition: Partition, after statement: Statement, now: Int64) {
        let last = partition.room.round
        if !partition.isReadingInheritance, isRoundOver(in: partition) {
            if last == nil, partition.room.isTight {
                beginFirstRound(of: partition, ceiling: statement.levels.ceiling)
            } else {
                partition.room.begin(round: last == nil || partition.room.isAmple ? nil : partition.position - 1)
            }
        }
        let hasChanged = partition.room.round != last
        for number in partition.room.takeWaiting(roundHasChanged: hasChanged, isIdle: isIdle(partition)) {
            guard let lane = partition.lane(number) else { continue }
            lane.isQueued = false
            enqueue(lane, of: partition)
        }
        if hasChanged, partition.isPaused { reconsiderRipeness(of: partition, now: now) }
    }

    /// There are two levels and no third. So where lanes stand on both, those on the floor come to the ceiling first;
    /// were all to set out for another offset, each would need a name there until the last has left.
    private func beginFirstRound(of partition: Partition, ceiling: Int64?) {
        partition.room.begin(round: ceiling ?? partition.position - 1)
        if ceiling != nil, isRoundOver(in: partition) { partition.room.begin(round: partition.position - 1) }
    }

    /// Whether no lane of the partition has a batch in flight, so that nothing will make room by itself.
    private func isIdle(_ partition: Partition) -> Bool {
        partition.room.isFull && !partition.active.contains { partition.lane($0)?.flight != nil }
    }

    /// Whether every lane that can move has come to the end of the round, or is in flight on its way there, and whoever
    /// cannot may be left behind with a name.
    private func isRoundOver(in partition: Partition) -> Bool {
        guard let round = partition.room.round else { return true }
        partition.room.isRoundMissingEvents = false
        var left = 0
        for number in partition.active {
            let lane = partition.lanes.lanes[Int(number)]
            guard lane.flight == nil, let first = lane.firstUnsettled, first <= round else { continue }
            if isHeldElsewhere(lane, of: partition) {
                if !lane.isNamed { left += 1 }
            } else if lane.segments.isEmpty {
                if !lane.isNamed { partition.room.isRoundMissingEvents = true }
            } else {
                partition.room.isRoundMissingEvents = false
                return false
            }
        }
        return !partition.room.isRoundMissingEvents && partition.room.hasRoom(forLanes: left)
    }
}
