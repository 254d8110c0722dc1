internal import DequeModule

extension Settlement {
    /// Writes everything that is ready, in one request: intents at once, settled state at leisure.
    func startCommitIfDue(now: Int64) {
        guard commit == nil, leavingSince == nil, now >= commitRetryAt else { return }
        let dirty = partitions.all.filter(\.isDirty)
        guard !dirty.isEmpty else { return }
        let isDue =
            dirty.contains { !$0.intents.isEmpty }
            || now - lastCommitAt >= settings.commitInterval.nanoseconds
        if isDue { _ = startCommit(of: dirty, deadline: settings.commitDeadline, now: now) }
    }

    /// When settled state that waits for company is to be written in any case.
    var nextCommitDue: Int64? {
        guard commit == nil, leavingSince == nil, maySettle, partitions.all.contains(where: \.isDirty) else {
            return nil
        }
        return max(commitRetryAt, lastCommitAt + settings.commitInterval.nanoseconds)
    }

    /// - Returns: false where nothing could be written.
    func startCommit(of dirty: [Partition], deadline: Duration, now: Int64) -> Bool {
        lastCommitAt = now
        var parts: [Int32: OutstandingCommit.Part] = [:]
        var commits: [PartitionCommit] = []
        for partition in dirty.sorted(by: { $0.number < $1.number }) {
            guard let statement = settledStatement(of: partition) else { continue }
            for number in partition.intents { partition.lane(number)?.flight?.phase = .recording }
            commits.append(
                PartitionCommit(
                    partition: partition.number, offset: statement.offset, metadata: statement.metadata))
            parts[partition.number] = OutstandingCommit.Part(
                epoch: partition.epoch, offset: statement.offset, floor: statement.floor, version: partition.version,
                intents: partition.intents)
            partition.intents = []
            partition.headIntent = nil
        }
        guard !commits.isEmpty else { return false }
        commit = OutstandingCommit(parts: parts)
        actions.append(.commit(commits, deadline: deadline))
        return true
    }

    /// The partition's statement with as many of its intents as there is room for; the rest is taken back and grows on
    /// until the watermark moves. Nothing is ever cut short or left out.
    private func settledStatement(of partition: Partition) -> Partition.Statement? {
        if partition.isLeaving || stopping != nil { takeBackIntents(of: partition, keeping: 0) }
        while true {
            // Only the lane that holds the watermark may use the last of the room: it is what makes room again, and
            // being cut below the next lane it leaves nothing behind. A new generation was named before.
            let mayUseReserve = partition.intents.allSatisfy { number in
                number == partition.headIntent || partition.lane(number)?.flight?.recordedIntent != nil
            }
            let room = settings.ledgerCharacters - (mayUseReserve ? 0 : Self.headReserve)
            if let statement = partition.statement(maximumCharacters: room) { return statement }
            guard !partition.intents.isEmpty else { return nil }
            takeBackIntents(of: partition, keeping: mayUseReserve ? 0 : partition.intents.count / 2)
            if mayUseReserve { partition.noRoomForHeadAt = partition.version }
            if !partition.isFull { actions.append(.notice(.noRoom(partition: partition.number))) }
            partition.isFull = true
        }
    }

    /// Undoes the latest cuts: no commit has named them and nothing of them was sent.
    private func takeBackIntents(of partition: Partition, keeping count: Int) {
        while partition.intents.count > count {
            guard let lane = partition.intents.popLast().flatMap(partition.lane), let flight = lane.flight,
                flight.phase == .unrecorded
            else { continue }
            placesTaken -= 1
            if let recorded = flight.recordedIntent {
                // Its cut stands in earlier ledgers: it stays a batch and asks for its new token later.
                lane.flight?.phase = .ready
                lane.flight?.intent = recorded
                lane.flight?.recordedIntent = nil
                lane.flight?.mustVerify = true
                enqueue(lane, of: partition)
                continue
            }
            if let batch = flight.batch { lane.segments.prepend(batch.segment) }
            lane.flight = nil
            release(lane.dataset, from: partition.reference(to: lane.number))
        }
    }

    /// Characters that the longest entry can take (292 bytes in base64), and some for the numbers of the others to
    /// grow.
    static let headReserve = 480

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
                for lane in part.intents where partition.lane(lane)?.flight?.phase == .recording {
                    partition.lane(lane)?.flight?.phase = .unrecorded
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
        partition.floor = part.floor
        let hasMoved = part.offset > partition.committedOffset
        partition.committedOffset = part.offset
        for number in part.intents {
            guard let lane = partition.lane(number), lane.flight?.phase == .recording else { continue }
            // From here on it may be sent, and it is the first to get a place again.
            lane.flight?.phase = .ready
            lane.flight?.recordedIntent = nil
            placesTaken -= 1
            guard !partition.isLeaving else { continue }
            lanesToCall.append(partition.reference(to: number))
            lane.isQueued = true
        }
        if hasMoved, partition.isFull {
            partition.isFull = false
            for number in partition.active {
                if let lane = partition.lane(number), lane.flight == nil { enqueue(lane, of: partition) }
            }
        }
    }
}

extension Backoff {
    /// A refused commit: the coordinator moves, or a rebalance is on its way.
    static let commit = Backoff(base: .milliseconds(50), cap: .seconds(2))
}
