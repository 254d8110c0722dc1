internal import DequeModule
internal import Labelling

extension Settlement {
    /// Recorded batches first: they were cut before anything that is still growing.
    func startCalls(now: Moment) {
        var rest = lanesToCall.count
        while rest > 0, placesTaken < settings.concurrency, let reference = lanesToCall.popFirst() {
            rest -= 1
            start(reference, isRetry: false, now: now)
        }
    }

    /// What has asked in vain before gets half of the places, or every other turn where there is but one: neither does
    /// any number of stuck datasets hold up the others, nor do those keep a stuck one from getting on.
    func startRetries(now: Moment) {
        var rest = lanesToRetry.count
        while rest > 0, placesTaken < settings.concurrency, mayRetry, let reference = lanesToRetry.popFirst() {
            rest -= 1
            start(reference, isRetry: true, now: now)
        }
    }

    private var mayRetry: Bool {
        if settings.concurrency > 1 { return placesOfRetries < settings.concurrency / 2 }
        return !wasRetryLast || (lanesToCall.isEmpty && lanesToCut.isEmpty)
    }

    /// The lane's batch gave its place back, or has got on.
    func endRetry(_ lane: Lane) {
        guard let flight = lane.flight, flight.isRetry else { return }
        flight.isRetry = false
        placesOfRetries -= 1
    }

    private func start(_ reference: LaneReference, isRetry: Bool, now: Moment) {
        guard let (partition, lane) = lane(reference) else { return }
        lane.isQueued = false
        guard let flight = lane.flight, flight.phase == .ready, !partition.isLeaving, hold(lane, of: partition) else {
            return
        }
        placesTaken += 1
        if isRetry { placesOfRetries += 1 }
        wasRetryLast = isRetry
        flight.isRetry = isRetry
        if flight.cutAt == nil { flight.cutAt = now.monotonic }
        proceed(lane, of: partition, now: now)
    }

    /// The next step of a batch that has a place.
    private func proceed(_ lane: Lane, of partition: Partition, now: Moment) {
        guard let flight = lane.flight, let batch = flight.batch else { return }
        switch flight.chain.step {
        case .send(let piece, let attempt):
            let id = RequestID(lane: partition.reference(to: lane.number), sequence: nextSequence())
            let age = now.wall / 1000 - flight.intent.firstSent
            let kind: Call.Kind =
                if flight.mustCreate {
                    .createDataset
                } else if flight.mustVerify || age >= settings.tokenAge.components.seconds {
                    .readBack
                } else {
                    .update
                }
            flight.phase = .calling(id.sequence, kind)
            flight.calls += 1
            flight.calledAt = now.monotonic
            counters.calls += 1
            actions.append(
                .call(
                    Call(
                        id: id, kind: kind, batch: batch, piece: piece,
                        notAfter: flight.intent.firstSent + settings.tokenAge.components.seconds,
                        generation: flight.intent.generation, attempt: attempt,
                        hasPayloadToken: flight.intent.hasPayloadToken)))
        case .deadLetter(let suspects) where isHalting(suspects):
            let first = suspects.min { $0.event < $1.event }
            flight.haltedBy = first.map { "offset \(batch.offset(ofEvent: $0.event)): \($0.message)" }
            askAgainLater(lane, of: partition, now: now)
        case .deadLetter(let suspects):
            deadLetter(
                suspects.map {
                    DeadLetter(
                        offset: batch.offset(ofEvent: $0.event), cause: .refused($0.reason, message: $0.message),
                        line: batch.line(ofEvent: $0.event))
                }, of: lane, in: partition)
        case .outage:
            askAgainLater(lane, of: partition, now: now)
        case .done:
            settle(lane, of: partition, now: now)
        }
    }

    /// What refuses the rest of a batch may be mended without anyone touching this worker.
    private func askAgainLater(_ lane: Lane, of partition: Partition, now: Moment) {
        guard let flight = lane.flight, let batch = flight.batch else { return }
        // (Of the round that is over.)
        flight.failures = flight.chain.round
        flight.chain.resume(in: batch)
        wait(
            lane, of: partition, flight.haltedBy == nil ? .outage : .halted, .outage,
            message: flight.haltedBy ?? "every line is refused, each alone", atLeast: nil, now: now)
    }

    /// A dataset that is missing is no fault of the line; it has a policy of its own.
    private func isHalting(_ suspects: [Chain.Suspect]) -> Bool {
        settings.onInvalid == .halt && suspects.contains { $0.reason != .datasetMissing }
    }

    private func deadLetter(_ letters: [DeadLetter], of lane: Lane, in partition: Partition) {
        let id = RequestID(lane: partition.reference(to: lane.number), sequence: nextSequence())
        lane.flight?.phase = .deadLettering(id.sequence)
        actions.append(
            .deadLetter(
                DeadLetterRequest(
                    id: id, partition: partition.number, dataset: lane.dataset,
                    letters: letters.sorted { $0.offset < $1.offset })))
    }

    /// The answer to a call. One for an older epoch, or for a call that is no longer waited for, changes nothing.
    package func callFinished(_ id: RequestID, _ answer: Answer, now: Moment) {
        guard let (partition, lane) = lane(id.lane), let flight = lane.flight,
            case .calling(id.sequence, let kind) = flight.phase, let batch = flight.batch
        else { return }
        endRetry(lane)
        let reaction = AnswerPolicy.reaction(to: answer, of: kind, onMissingDataset: settings.onMissingDataset)
        if case .again = reaction {} else { flight.failures = 0 }
        switch reaction {
        case .settle:
            if case .send(let piece, _) = flight.chain.step { counters.linesApplied += batch.lineCount(of: piece) }
            lane.doubtsLoneLine = false
            flight.chain.applied(in: batch)
        case .refuse(let reason, let message, let mayBeChance):
            flight.chain.refused(reason: reason, message: message, mayBeChance: mayBeChance, in: batch)
        case .again(let reason, let backoff, let message, let atLeast):
            wait(lane, of: partition, reason, backoff, message: message, atLeast: atLeast, now: now)
            return
        case .nextGeneration:
            flight.startNextGeneration(of: batch, now: now)
            placesTaken -= 1
            leaveToNextCommit(lane, of: partition)
            return
        case .create:
            flight.mustCreate = true
            flight.creations += 1
            if flight.creations > 1 {
                // Created, and still not there: no reason to hurry.
                flight.failures = flight.creations - 1
                wait(
                    lane, of: partition, .datasetMissing, .operatorNeeded, message: "created, but not found",
                    atLeast: nil, now: now)
                return
            }
        case .proceed:
            flight.mustCreate = false
        case .deadLetterAll(let reason, let message):
            flight.chain.giveUp(reason: reason, message: message, in: batch)
        }
        guard !partition.isLeaving else {
            // What was learnt is settled if it can be; nothing more is sent.
            if flight.chain.step == .done { settle(lane, of: partition, now: now) }
            return
        }
        proceed(lane, of: partition, now: now)
    }

    private func wait(
        _ lane: Lane, of partition: Partition, _ reason: WaitReason, _ backoff: Backoff, message: String,
        atLeast: Duration?, now: Moment
    ) {
        endRetry(lane)
        guard let flight = lane.flight else { return }
        flight.failures += 1
        let delay = max(atLeast ?? .zero, backoff.delay(failures: flight.failures, random: &random))
        let until = now.monotonic + delay.nanoseconds
        flight.phase = .waiting(reason, until: until)
        placesTaken -= 1
        let reference = partition.reference(to: lane.number)
        timers.add(reference, at: until)
        actions.append(
            .notice(
                .waiting(
                    lane.dataset, partition: partition.number, reason, message: message, delay: delay,
                    failures: flight.failures)))
    }

    private func settle(_ lane: Lane, of partition: Partition, now: Moment) {
        endRetry(lane)
        guard let flight = lane.flight, let batch = flight.batch else { return }
        lane.flight = nil
        lane.settled = flight.cut
        lane.lastSettledEvent = flight.cut
        placesTaken -= 1
        partition.version += 1
        partition.heldBytes -= batch.segment.heldBytes
        if flight.isStuck(at: now.monotonic) {
            partition.stuckFlightBytes = max(0, partition.stuckFlightBytes - batch.segment.heldBytes)
        }
        counters.eventsSettled += batch.eventCount
        counters.batchesSettled += 1
        release(lane.dataset, from: partition.reference(to: lane.number))
        actions.append(
            .notice(
                .settled(
                    BatchReport(
                        dataset: lane.dataset, partition: partition.number, firstOffset: batch.firstOffset,
                        cut: batch.cut, events: batch.eventCount, lines: batch.lineCount,
                        bytes: batch.payloadByteCount(of: batch.whole), calls: flight.calls,
                        duration: .nanoseconds(now.monotonic - (flight.cutAt ?? now.monotonic))))))
        if isRipe(lane, of: partition, now: now.monotonic) {
            enqueue(lane, of: partition)
        } else {
            setTimer(of: lane, in: partition)
        }
    }

    private static let haltReminder: Duration = .seconds(60)

    /// Starts writing the undecodable records of a partition, a hundred at a time.
    func writeRefusals(of partition: Partition, now: Int64) {
        guard !partition.isLeaving, partition.refusals.writing == nil, partition.refusals.retryAt <= now else { return }
        if settings.onInvalid == .halt, let head = partition.refusals.head {
            // Said once, then now and then for as long as it holds.
            partition.refusals.retryAt = now + Self.haltReminder.nanoseconds
            timers.add(partition.reference(to: -1), at: partition.refusals.retryAt)
            actions.append(.notice(.halted(partition: partition.number, offset: head.offset, head.rejection)))
            return
        }
        let id = RequestID(lane: partition.reference(to: -1), sequence: nextSequence())
        let letters = partition.refusals.startWriting(request: id.sequence)
        guard !letters.isEmpty else { return }
        actions.append(
            .deadLetter(DeadLetterRequest(id: id, partition: partition.number, dataset: nil, letters: letters)))
    }

    /// The dead letters of a request were acknowledged by the broker, or not.
    package func deadLettersFinished(_ id: RequestID, failure: String?, now: Moment) {
        guard let partition = partitions[id.lane.partition], partition.epoch == id.lane.epoch else { return }
        if id.lane.lane < 0 {
            let heldBefore = partition.refusals.heldBytes
            guard
                let count = partition.refusals.finishedWriting(
                    request: id.sequence, successfully: failure == nil)
            else { return }
            partition.heldBytes += partition.refusals.heldBytes - heldBefore
            counters.deadLetters += count
            partition.version += 1
            if failure != nil {
                partition.refusals.failures += 1
                let delay = Backoff.transient.delay(failures: partition.refusals.failures, random: &random)
                partition.refusals.retryAt = now.monotonic + delay.nanoseconds
                timers.add(id.lane, at: partition.refusals.retryAt)
            } else {
                partition.refusals.failures = 0
            }
            return
        }
        guard let (_, lane) = lane(id.lane), let flight = lane.flight,
            flight.phase == .deadLettering(id.sequence), let batch = flight.batch
        else { return }
        if let failure {
            wait(
                lane, of: partition, .deadLettersUnwritten, .transient, message: failure, atLeast: nil, now: now)
            return
        }
        if case .deadLetter(let suspects) = flight.chain.step {
            counters.deadLetters += suspects.count
            if suspects.count == batch.eventCount { lane.doubtsLoneLine = true }
        }
        flight.chain.deadLettered()
        settle(lane, of: partition, now: now)
    }
}
