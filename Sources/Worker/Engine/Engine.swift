internal import CoreMetrics
internal import Kafka
internal import Labelling
internal import Logging
internal import Settlement

/// Runs the settlement machine on the consumer's poll thread: records, answers and time go in, actions come out and are
/// carried out or handed on. It holds no lock, because nothing but that thread touches it.
final class Engine: ConsumerDelegate {
    let configuration: WorkerConfiguration
    let settlement: Settlement
    let mailbox: Mailbox
    let logger: Logger
    let requests: AsyncStream<EngineRequest>.Continuation
    let metrics: WorkerMetrics
    let board: StatusBoard
    /// Told whenever a commit leaves nothing to be done.
    let idle: @Sendable () -> Void

    private var intake: Intake
    let clock = SystemClock()
    /// The time of this round. Reading the clock for every record would cost as much as decoding it.
    private var roundTime: Moment?
    /// Undecodable records that wait to be dead-lettered.
    var kept = KeptRecords()
    /// Partitions whose committed offsets could not be read yet.
    var toAssign = PendingAssignment()
    /// Partitions that the group wants back and has not got back.
    var revoked: Set<Int32> = []
    /// What the coordinator is known to hold for our partitions.
    var committed: [Int32: OffsetCommit] = [:]
    var outstanding: OutstandingCommit?
    /// What is watched and told about: see `Engine+Status.swift`.
    var watch = EngineWatch()

    private(set) var hasGivenUp = false
    /// The client is being closed: nothing new is taken on.
    private(set) var isClosing = false
    /// Monotonic nanoseconds at which a stop no longer waits for a commit.
    private var stopDeadline: Int64?
    var isStopping: Bool { stopDeadline != nil }
    private var droppedRecords = 0
    private var publishedAt: Int64 = .min / 2
    private var isSummaryStale = false

    /// What a stop waits for an outstanding commit, once the batches have had their grace.
    private static let lastCommitGrace: Duration = .milliseconds(500)
    private static let summaryInterval: Int64 = 100_000_000

    init(
        configuration: WorkerConfiguration, mailbox: Mailbox, requests: AsyncStream<EngineRequest>.Continuation,
        logger: Logger, metrics: WorkerMetrics, board: StatusBoard, idle: @escaping @Sendable () -> Void
    ) {
        self.configuration = configuration
        self.mailbox = mailbox
        self.requests = requests
        self.logger = logger
        self.metrics = metrics
        self.board = board
        self.idle = idle
        intake = Intake(logger: logger)
        var settings = configuration.settlement
        if configuration.untilEnd {
            settings.lingersAtEnd = false
            // Where room in ledgers is tight, lanes wait for it, and in a drain commits have little company to wait for.
            settings.commitInterval = min(settings.commitInterval, .milliseconds(20))
        }
        // A broker may hold an empty answer back for so long.
        if let wait = configuration.kafka["fetch.wait.max.ms"].flatMap({ Int64($0) }) {
            settings.turnPatience = max(settings.turnPatience, .milliseconds(wait * 2))
        }
        settlement = Settlement(settings: settings, seed: .random(in: .min ... .max))
    }

    // MARK: - Records

    func received(_ record: consuming Record, by control: ConsumerControl) {
        guard intake.add(record) else { return }
        while let batch = intake.next() { takeIn(batch) }
    }

    /// Before anything else is done, all records that came before it are taken in.
    func takeInAll() {
        while let batch = intake.drain() { takeIn(batch) }
    }

    private func takeIn(_ batch: RecordBatch) {
        let now = roundTime ?? startRound()
        for (number, headers) in batch.traces {
            watch.traces.note(headers, partition: batch[number].partition, offset: batch[number].offset)
        }
        for number in 0..<batch.count {
            let partition = batch[number].partition
            let offset = batch[number].offset
            if let timestamp = batch[number].timestampMilliseconds { watch.noteTimestamp(timestamp, partition, offset) }
            switch batch[outcome: number] {
            case .event(let event):
                settlement.append(event, partition: partition, offset: offset, now: now)
            case .tombstone:
                settlement.appendTombstone(partition: partition, offset: offset, now: now)
            case .rejected(let rejection):
                let copy = StoredRecord(copying: batch[number])
                let isNew = settlement.append(
                    rejection, bytes: copy.byteCount, partition: partition, offset: offset, now: now)
                if isNew { kept.keep(copy) }
            }
        }
        intake.giveBack(batch)
    }

    func reachedEnd(partition: Int32, offset: Int64, by control: ConsumerControl) {
        takeInAll()
        settlement.reachedEnd(partition: partition, offset: offset)
    }

    func consumerEnds(by control: ConsumerControl) {
        intake.close()
    }

    /// Where logs end is known from the fetches before. A drain need not wait for the answer to a fetch beyond the end,
    /// which the broker holds back for a while.
    private func noteEnds(_ control: ConsumerControl) {
        guard configuration.untilEnd || settlement.wantsLogEnds else { return }
        // Nothing was read meanwhile.
        guard !control.holdsRecords else { return }
        for partition in control.assignment {
            guard let end = control.cachedHigh(partition) else { continue }
            settlement.learnLogEnd(partition: partition, end)
            if configuration.untilEnd, control.position(of: partition) == end {
                settlement.reachedEnd(partition: partition, offset: end)
            }
        }
    }

    private func startRound() -> Moment {
        let now = clock.now
        roundTime = now
        return now
    }

    // MARK: - The turn

    func turn(_ control: ConsumerControl) -> Duration {
        takeInAll()
        // The next record may come after a wait: it reads the clock again.
        roundTime = nil
        let now = clock.now
        for message in mailbox.take() { read(message, now: now) }
        guard !hasGivenUp else { return .seconds(1) }
        readBackCommit(control, now: now)
        readCommittedOffsets(control, now: now)
        noteDroppedRecords(control)
        noteEnds(control)
        let deadline = settlement.turn(now: now)
        control.holdsRecords = settlement.sendsFirst
        let mailWatch = MailWatch(
            sendsFirst: control.holdsRecords, concurrency: configuration.settlement.concurrency)
        mailbox.wake(forAtLeast: mailWatch.worthWaking)
        carryOut(control)
        if let stopDeadline, stopDeadline <= now.monotonic, !isClosing {
            giveUp("the time to stop is over, and not everything could be written", control)
        }
        observe(control, now: now)
        publishSummary(now: now.monotonic)
        return mailWatch.nextLook ?? wait(until: deadline)
    }

    private func wait(until deadline: Int64?) -> Duration {
        var next = min(
            deadline ?? .max, toAssign.nextTry ?? .max, outstanding?.nextReadBack ?? .max,
            isClosing ? .max : stopDeadline ?? .max)
        if isSummaryStale { next = min(next, publishedAt + Self.summaryInterval) }
        guard next != .max else { return .seconds(1) }
        // A time that has come and asks for nothing (a stop that waits for a commit) must not keep the thread spinning.
        return max(.nanoseconds(next - clock.now.monotonic), .milliseconds(1))
    }

    private func read(_ message: Mailbox.Message, now: Moment) {
        switch message {
        case .answer(let id, let answer, let token):
            noteAnswer(id, answer, token: token, now: now)
            settlement.callFinished(id, answer, now: now)
        case .deadLettersFinished(let id, let failure):
            settlement.deadLettersFinished(id, failure: failure, now: now)
            kept.finishWriting(id, successfully: failure == nil)
            noteDeadLetters(id, areWritten: failure == nil)
        case .logEnds(let ends):
            learnLogEnds(ends, now: now)
        case .stop(let grace):
            settlement.stop(grace: grace, now: now)
            let deadline = now.monotonic + (grace + Self.lastCommitGrace).nanoseconds
            stopDeadline = min(stopDeadline ?? .max, deadline)
            // Partitions that were not taken over yet are left to the next owner as they are.
            toAssign = PendingAssignment()
            watch.isDue = true
        }
    }

    func consumerFailed(_ error: KafkaError, by control: ConsumerControl) {
        if error.name == "_ALL_BROKERS_DOWN" { watch.brokersAreDown(since: clock.now.monotonic) }
        logger.log(
            level: error.isFatal ? .critical : .warning, "Kafka reports an error", metadata: ["error": "\(error)"])
    }

    // MARK: - Actions

    private func carryOut(_ control: ConsumerControl) {
        for action in settlement.takeActions() {
            if case .notice(let notice) = action {
                tell(notice)
                continue
            }
            // Whatever was decided beside giving up was decided without knowing what the coordinator holds.
            guard !hasGivenUp else { continue }
            switch action {
            case .commit(let commits, let deadline):
                commit(commits, deadline: deadline, control)
            case .call(let call):
                requests.yield(.call(call, noteCall(call)))
            case .deadLetter(let request):
                noteDeadLetterRequest(request)
                requests.yield(.deadLetter(request, kept: kept.startWriting(request)))
            case .pause(let partitions):
                logger.debug("Paused: above the share of memory", metadata: ["partitions": "\(partitions)"])
                control.pause(partitions)
            case .resume(let partitions):
                control.resume(partitions)
            case .rewind(let partition, let offset):
                logger.info(
                    "Reading again what was given up for want of memory",
                    metadata: ["partition": "\(partition)", "offset": "\(offset)"])
                // Where it fails the machine asks again.
                if control.rewind(partition, to: offset) {
                    settlement.rewound(partition: partition, to: offset, now: clock.now)
                }
            case .unassign(let partitions):
                unassign(partitions, control)
            case .leave:
                isClosing = true
                control.close(deadline: configuration.closeDeadline)
            case .giveUp(let reason):
                giveUp(reason, control)
            case .notice:
                break
            }
        }
    }

    /// Closes the client rather than let it write once more; a new membership starts from what the group then holds.
    private func giveUp(_ reason: String, _ control: ConsumerControl) {
        guard !hasGivenUp else { return }
        logger.log(
            level: isStopping ? .notice : .error, "Giving up the place in the group", metadata: ["reason": "\(reason)"])
        hasGivenUp = true
        isClosing = true
        outstanding = nil
        toAssign = PendingAssignment()
        mailbox.giveUp()
        settlement.lose(settlement.summary.partitions)
        kept.removeAll()
        control.unassign(Array(revoked))
        revoked = []
        watch.dropAll()
        control.close(deadline: configuration.closeDeadline)
        publishSummary(now: clock.now.monotonic)
    }

    /// librdkafka went back by itself, or the log was made anew below our position: nothing of that is read, and silence
    /// about it would look like health.
    private func noteDroppedRecords(_ control: ConsumerControl) {
        let dropped = control.dropped.rewound
        guard dropped != droppedRecords else { return }
        metrics.recordsDropped.increment(by: dropped - droppedRecords)
        logger.warning(
            "Dropped records from below the position: read before, or of a topic that was made anew",
            metadata: ["records": "\(dropped - droppedRecords)"])
        droppedRecords = dropped
    }

    private func publishSummary(now: Int64) {
        isSummaryStale = now - publishedAt < Self.summaryInterval && !isClosing
        guard !isSummaryStale else { return }
        publishedAt = now
        let summary = settlement.summary
        board.publish(summary)
        count(summary)
    }
}
