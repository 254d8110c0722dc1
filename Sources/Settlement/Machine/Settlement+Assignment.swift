internal import DequeModule
internal import Labelling

extension Settlement {
    /// A partition became ours.
    ///
    /// `committed` is the group's offset there, nil where it has none, and `metadata` what stood beside it; `start` is
    /// where reading begins when nothing is committed.
    package func assign(_ number: Int32, committed: Int64?, metadata: String, start: Int64, now: Moment) {
        drop(number)
        epoch += 1
        let coder = LedgerCoder(group: settings.group, topic: settings.topic, partition: number)
        let offset = committed ?? start
        // No ledger to believe: whatever was sent before this is not to be mistaken for what will be.
        var ledger = Ledger(era: now.wall, offset: offset, floor: offset - 1, entries: [])
        // A group without an offset gets one soon, so that it no longer depends on where a reset would put it.
        var mustCommit = committed == nil
        if committed != nil, !metadata.isEmpty {
            do throws(LedgerError) {
                ledger = try coder.decode(metadata, committedAt: offset)
            } catch {
                // At-least-once from here; whoever reads the log must know. Once is enough: it is soon replaced.
                mustCommit = true
                counters.ledgersIgnored += 1
                actions.append(.notice(.ledgerIgnored(partition: number, error)))
            }
        }
        let partition = Partition(
            number: number, epoch: epoch, start: offset, ledger: ledger, mustCommit: mustCommit, coder: coder,
            ledgerCharacters: settings.ledgerCharacters)
        partitions.insert(partition)
        actions.append(
            .notice(
                .assigned(
                    partition: number, offset: offset, named: ledger.entries.count,
                    inFlight: ledger.entries.count { $0.inFlight != nil })))
    }

    /// Partitions are being taken away in good order: `.unassign` follows once all that is settled was written.
    /// Calls in flight are not waited for; the ledger names them.
    package func revoke(_ numbers: [Int32], now: Moment) {
        for number in numbers { partitions[number]?.isLeaving = true }
        leavingSince = leavingSince ?? now.monotonic
        // The group waits for an answer even about partitions that we never came to own.
        partingNumbers.formUnion(numbers)
    }

    /// Partitions were taken away already: whatever we would write, we no longer may.
    package func lose(_ numbers: [Int32]) {
        if let commit, numbers.contains(where: { commit.parts[$0] != nil && partitions[$0] != nil }) {
            // It may be parked in the client and go out again once this member has a new generation: over the ledger of
            // whoever owns the partition then.
            giveUp(reason: "a commit was outstanding when its partitions were lost")
        }
        for number in numbers { drop(number) }
        partingNumbers.subtract(numbers)
        if partingNumbers.isEmpty { leavingSince = nil }
    }

    /// Stops: nothing new is cut; batches in flight have until `grace` is over to settle; then `.leave` follows.
    package func stop(grace: Duration, now: Moment) {
        guard stopping == nil else { return }
        stopping = Stopping(deadline: now.monotonic + grace.nanoseconds)
    }

    /// Moves a departure on as far as it can go now.
    func proceedWithLeaving(now: Int64) {
        guard let since = leavingSince else { return }
        if commit != nil {
            if now - since >= settings.revokeDeadline.nanoseconds {
                giveUp(reason: "a commit stayed unresolved while partitions were being taken away")
            }
            return
        }
        let leaving = partitions.all.filter(\.isLeaving)
        let unsaid = leaving.filter { $0.isDirty && !$0.hasSaidGoodbye }
        if !unsaid.isEmpty {
            for partition in unsaid { partition.hasSaidGoodbye = true }
            if startCommit(of: unsaid, deadline: settings.revokeDeadline, now: now) { return }
        }
        for partition in leaving { drop(partition.number) }
        actions.append(.unassign(partingNumbers.sorted()))
        partingNumbers = []
        leavingSince = nil
    }

    func proceedWithStopping(now: Int64) {
        guard var stopping, !stopping.hasLeft, commit == nil, leavingSince == nil else { return }
        let isBusy = partitions.all.contains { partition in
            partition.active.contains { number in
                switch partition.lanes.lanes[Int(number)].flight?.phase {
                case .calling, .deadLettering: true
                default: false
                }
            } || partition.refusals.writing != nil
        }
        if isBusy, now < stopping.deadline { return }
        let dirty = partitions.all.filter { $0.isDirty && !$0.hasSaidGoodbye }
        if !dirty.isEmpty {
            for partition in dirty { partition.hasSaidGoodbye = true }
            if startCommit(of: dirty, deadline: settings.revokeDeadline, now: now) { return }
        }
        stopping.hasLeft = true
        self.stopping = stopping
        actions.append(.leave)
    }

    /// What was asked of the group can no longer be known: whatever would follow could not be trusted, so nothing does.
    func giveUp(reason: String) {
        guard !hasGivenUp else { return }
        hasGivenUp = true
        actions.append(.giveUp(reason: reason))
    }

    /// Forgets a partition and gives back whatever its lanes held.
    func drop(_ number: Int32) {
        guard let partition = partitions.remove(number) else { return }
        for laneNumber in partition.active {
            let lane = partition.lanes.lanes[Int(laneNumber)]
            guard let flight = lane.flight else { continue }
            endRetry(lane)
            switch flight.phase {
            case .unrecorded, .recording: unrecordedCount -= 1
            case .calling, .deadLettering: placesTaken -= 1
            case .reforming, .ready, .waiting: break
            }
            release(lane.dataset, from: partition.reference(to: laneNumber))
        }
    }

    /// Lets the next lane of the dataset have its turn.
    func release(_ dataset: DatasetKey, from holder: LaneReference) {
        guard holders[dataset] == holder else { return }
        holders[dataset] = nil
        guard let waiters = waitersForDataset.removeValue(forKey: dataset) else { return }
        for waiter in waiters {
            guard let (partition, lane) = lane(waiter) else { continue }
            lane.isQueued = false
            enqueue(lane, of: partition)
        }
    }

    /// Puts the lane into the queue that its state asks for, if any.
    func enqueue(_ lane: Lane, of partition: Partition) {
        guard !lane.isQueued, !partition.isLeaving else { return }
        if let flight = lane.flight {
            guard flight.phase == .ready else { return }
            let reference = partition.reference(to: lane.number)
            if flight.hasAskedInVain { lanesToRetry.append(reference) } else { lanesToCall.append(reference) }
        } else {
            guard !lane.segments.isEmpty else { return }
            lanesToCut.append(partition.reference(to: lane.number))
        }
        lane.isQueued = true
    }

    /// Whatever the partition's lanes hold goes out, ripe or not.
    func enqueueAll(of partition: Partition) {
        for number in partition.active { enqueue(partition.lanes.lanes[Int(number)], of: partition) }
    }
}
