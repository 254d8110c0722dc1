package import Labelling

extension Settlement {
    /// A labelling event was read.
    package func append(_ event: LabellingEvent, partition number: Int32, offset: Int64, now: Moment) {
        partitions.borrowed(number)?.use { append(event, to: $0, offset: offset, now: now) }
    }

    private func append(_ event: LabellingEvent, to partition: Partition, offset: Int64, now: Moment) {
        if offset < partition.position {
            reread(event, of: partition, offset: offset, now: now)
            return
        }
        advance(partition, past: offset)
        partition.borrowedLane(project: event.project, type: event.type).use {
            append(event, to: $0, of: partition, offset: offset, now: now)
        }
    }

    private func append(_ event: LabellingEvent, to lane: Lane, of partition: Partition, offset: Int64, now: Moment) {
        guard offset > lane.settled else {
            lane.lastSettledEvent = max(lane.lastSettledEvent, offset)
            partition.activate(lane)
            partition.version += 1
            counters.eventsReplayed += 1
            return
        }
        partition.activate(lane)
        if !partition.reformingCuts.isEmpty, let flight = lane.flight, flight.phase == .reforming, offset <= flight.cut
        {
            partition.heldBytes += flight.reforming?.append(event, offset: offset) ?? 0
            finishReforming(partition)
            return
        }
        // (Met only now, though its batch lies behind us: nothing of that is left.)
        finishReforming(partition)
        // Behind a gap: it is read again when the gap is.
        guard lane.missing == nil else { return }
        enter(event, into: lane, of: partition, offset: offset, now: now)
    }

    /// The event takes its place at the end of its lane.
    func enter(_ event: LabellingEvent, into lane: Lane, of partition: Partition, offset: Int64, now: Moment) {
        let (bytes, isFirst) = lane.append(
            event, offset: offset, seal: partition.room.round ?? -1, now: now.monotonic,
            maximumBytes: settings.batchBytes, maximumLines: settings.batchLines)
        partition.heldBytes += bytes
        partition.receivedBytes += bytes
        guard lane.flight == nil else { return }
        // By waiting it gets ripe when its timer goes off, or when something else changes than that one more has come.
        if isFirst { setTimer(of: lane, in: partition) }
        guard !lane.isQueued else { return }
        if isFirst ? isRipe(lane, of: partition, now: now.monotonic) : isFull(lane) {
            enqueue(lane, of: partition)
        }
    }

    /// A record was read that is no labelling event; it becomes a dead letter. Keeping the record until then costs
    /// `bytes`.
    /// - Returns: whether the record must be kept; false where it was settled before a replay, or is not going to be
    ///   written.
    package func append(
        _ rejection: Rejection, bytes: Int, partition number: Int32, offset: Int64, now: Moment
    ) -> Bool {
        let isWritten = settings.onInvalid == .deadLetter
        return refuse(rejection, bytes: isWritten ? bytes : 0, partition: number, offset: offset) && isWritten
    }

    /// A record without a value was read; it is settled and counted.
    package func appendTombstone(partition number: Int32, offset: Int64, now: Moment) {
        if refuse(nil, bytes: 0, partition: number, offset: offset) { counters.tombstones += 1 }
    }

    /// The log was read up to `offset`, whether or not there was a record (compaction, control records, its end).
    package func advance(partition number: Int32, to offset: Int64) {
        guard let partition = partitions[number], offset >= partition.position else { return }
        finishRefilling(partition)
        guard offset > partition.position else { return }
        partition.position = offset
        partition.lastRead = offset
        partition.version += 1
        finishReforming(partition)
    }

    private func refuse(_ rejection: Rejection?, bytes: Int, partition number: Int32, offset: Int64) -> Bool {
        guard let partition = partitions[number] else { return false }
        guard offset >= partition.position else {
            // Read again for the sake of some lane.
            partition.lastRead = offset
            if offset + 1 == partition.position { finishRefilling(partition) }
            return false
        }
        advance(partition, past: offset)
        let heldBefore = partition.refusals.heldBytes
        let isNew = partition.refusals.append(
            offset: offset, rejection, bytes: bytes, isHalting: settings.onInvalid == .halt)
        if !isNew { counters.eventsReplayed += 1 }
        partition.heldBytes += partition.refusals.heldBytes - heldBefore
        partition.version += 1
        finishReforming(partition)
        return isNew
    }

    /// A record at or above the position was read; what lies below it is complete before it has its own say.
    private func advance(_ partition: Partition, past offset: Int64) {
        finishRefilling(partition)
        partition.position = offset
        finishReforming(partition)
        partition.position = offset + 1
        partition.lastRead = offset
        partition.isAtEnd = false
        counters.recordsRead += 1
    }

    /// Batches whose cut has been passed are complete: the dataset's events up to the cut, no more, no fewer. The
    /// record at the cut itself may be gone (compaction).
    private func finishReforming(_ partition: Partition) {
        while let (cut, number) = partition.reformingCuts.last, partition.position > cut {
            partition.reformingCuts.removeLast()
            guard let lane = partition.lane(number), let flight = lane.flight, let segment = flight.reforming else {
                continue
            }
            if segment.isEmpty {
                // Every event of it was removed from the log; there is nothing left that could be sent.
                lane.flight = nil
                lane.settled = cut
                lane.lastSettledEvent = cut
                partition.version += 1
                enqueue(lane, of: partition)
                continue
            }
            let batch = Batch(
                era: partition.era, dataset: lane.dataset, partition: partition.number, cut: cut, segment: segment)
            flight.finishReforming(as: batch)
            partition.version += 1
            enqueue(lane, of: partition)
        }
    }
}
