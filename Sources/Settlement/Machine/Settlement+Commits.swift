internal import DequeModule

extension Settlement {
    /// Writes everything that is ready, in one request: intents at once, settled state at leisure.
    func startCommitIfDue(now: Int64) {
        guard commit == nil, leavingSince == nil, now >= commitRetryAt else { return }
        let dirty = partitions.all.filter(\.isDirty)
        guard !dirty.isEmpty else { return }
        let writesRefusals = settings.onInvalid == .deadLetter
        let isDue =
            dirty.contains { !$0.intents.isEmpty || (writesRefusals && $0.refusals.wantsPermission) }
            || now - lastCommitAt >= settings.commitInterval.nanoseconds || hasNothingToWaitFor
        if isDue { _ = startCommit(of: dirty, deadline: settings.commitDeadline, now: now) }
    }

    /// When settled state that waits for company is to be written in any case.
    var nextCommitDue: Int64? {
        guard commit == nil, leavingSince == nil, maySettle, partitions.all.contains(where: \.isDirty) else {
            return nil
        }
        return max(commitRetryAt, hasNothingToWaitFor ? .min : lastCommitAt + settings.commitInterval.nanoseconds)
    }

    /// Whether a drain is over but for its last commit.
    private var hasNothingToWaitFor: Bool {
        !settings.lingersAtEnd && placesTaken + unrecordedCount == 0
            && partitions.all.allSatisfy { $0.isAtEnd && $0.watermark == $0.position }
    }

    /// - Returns: false where nothing could be written.
    func startCommit(of dirty: [Partition], deadline: Duration, now: Int64) -> Bool {
        lastCommitAt = now
        var parts: [Int32: OutstandingCommit.Part] = [:]
        var commits: [PartitionCommit] = []
        for partition in dirty.sorted(by: { $0.number < $1.number }) {
            guard let statement = composeTakingBackCuts(of: partition, now: now) else { continue }
            for number in partition.intents {
                let flight = partition.lane(number)?.flight
                flight?.phase = .recording
                flight?.isStanding = true
            }
            commits.append(
                PartitionCommit(
                    partition: partition.number, offset: statement.offset, metadata: statement.metadata))
            parts[partition.number] = OutstandingCommit.Part(
                epoch: partition.epoch, offset: statement.offset, levels: statement.levels, version: partition.version,
                readThrough: partition.position - 1, intents: partition.intents)
            partition.intents = []
        }
        guard !commits.isEmpty else { return false }
        commit = OutstandingCommit(parts: parts)
        actions.append(.commit(commits, deadline: deadline))
        return true
    }

    /// The partition's statement. Should it not fit, because numbers have grown since its lanes were cut, the latest cuts
    /// are taken back, and their lanes grow on until there is room. Nothing is ever cut short or left out.
    private func composeTakingBackCuts(of partition: Partition, now: Int64) -> Statement? {
        if partition.isLeaving || stopping != nil { takeBackFreshIntents(of: partition, keeping: 0) }
        while true {
            if let statement = partition.composeStatement(maximumCharacters: settings.ledgerCharacters) {
                renewRoom(of: partition, after: statement, now: now)
                return statement
            }
            let fresh = partition.intents.count { partition.lane($0)?.flight?.isStanding == false }
            guard fresh > 0 else { return nil }
            takeBackFreshIntents(of: partition, keeping: fresh / 2)
            sayWhetherFull(partition)
        }
    }

    /// Undoes the latest cuts that no commit has named.
    ///
    /// One that a commit has named stands, even if that commit was refused or failed: it may have been stored, and
    /// whoever read the ledger meanwhile forms the same batch and sends it. Cut anew, its events would go out twice.
    private func takeBackFreshIntents(of partition: Partition, keeping count: Int) {
        var fresh = 0
        var kept: [Int32] = []
        for number in partition.intents {
            guard let lane = partition.lane(number), let flight = lane.flight, flight.phase == .unrecorded else {
                continue
            }
            if !flight.isStanding { fresh += 1 }
            if flight.isStanding || fresh <= count {
                kept.append(number)
            } else {
                takeBack(flight, of: lane, in: partition)
            }
        }
        partition.intents = kept
    }

    private func takeBack(_ flight: Flight, of lane: Lane, in partition: Partition) {
        unrecordedCount -= 1
        if let recorded = flight.recordedIntent {
            // Its cut stands in earlier ledgers: it stays a batch and asks for its new token later.
            flight.phase = .ready
            flight.intent = recorded
            flight.recordedIntent = nil
            flight.mustVerify = true
            enqueue(lane, of: partition)
            return
        }
        if let batch = flight.batch { lane.segments.prepend(batch.segment) }
        lane.flight = nil
        lane.isQueued = true
        partition.room.wait(lane)
        release(lane.dataset, from: partition.reference(to: lane.number))
    }

    /// The outcome of the outstanding commit.
    package func commitFinished(_ answer: CommitAnswer, now: Moment) {
        guard let finished = commit else { return }
        commit = nil
        var refused: [Int32: String] = [:]
        switch answer {
        case .resolved(let partitions): refused = partitions
        case .failed(let reason): for number in finished.parts.keys { refused[number] = reason }
        case .unknown:
            // It may yet be carried out, after and over whatever we would commit next.
            giveUp(reason: "a commit stayed unresolved past its deadline")
            return
        }
        for (number, part) in finished.parts.sorted(by: { $0.key < $1.key }) {
            guard let partition = partitions[number], partition.epoch == part.epoch else { continue }
            if refused[number] == nil {
                acknowledge(part, of: partition)
            } else {
                // The cuts stand: the next commit names the same batches.
                for lane in part.intents {
                    guard let flight = partition.lane(lane)?.flight, flight.phase == .recording else { continue }
                    flight.phase = .unrecorded
                    partition.intents.append(lane)
                }
            }
        }
        if let (_, reason) = refused.min(by: { $0.key < $1.key }) {
            commitFailures += 1
            counters.commitsFailed += 1
            commitRetryAt =
                now.monotonic + Backoff.commit.delay(failures: commitFailures, random: &random).nanoseconds
            actions.append(.notice(.commitFailed(reason)))
        } else {
            commitFailures = 0
            counters.commits += 1
        }
    }

    private func acknowledge(_ part: OutstandingCommit.Part, of partition: Partition) {
        partition.committedVersion = part.version
        partition.levels = part.levels
        partition.refusals.permit(through: part.readThrough)
        partition.committedOffset = part.offset
        for number in part.intents {
            guard let lane = partition.lane(number), let flight = lane.flight, flight.phase == .recording else {
                continue
            }
            // From here on it may be sent, and it is the first to get a place again.
            flight.phase = .ready
            flight.recordedIntent = nil
            unrecordedCount -= 1
            guard !partition.isLeaving else { continue }
            lanesToCall.append(partition.reference(to: number))
            lane.isQueued = true
        }
    }
}

extension Backoff {
    /// A refused commit: the coordinator moves, or a rebalance is on its way.
    static let commit = Backoff(base: .milliseconds(50), cap: .seconds(2))
}
