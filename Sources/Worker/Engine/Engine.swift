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

    private var decoder = EventDecoder()
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
        logger: Logger, metrics: WorkerMetrics, board: StatusBoard
    ) {
        self.configuration = configuration
        self.mailbox = mailbox
        self.requests = requests
        self.logger = logger
        self.metrics = metrics
        self.board = board
        var settings = configuration.settlement
        if configuration.untilEnd {
            settings.lingersAtEnd = false
            // The last commit of a drain has no company to wait for.
            settings.commitInterval = min(settings.commitInterval, .milliseconds(20))
        }
        settlement = Settlement(settings: settings, seed: .random(in: .min ... .max))
    }

    // MARK: - Records

    func received(_ record: borrowing Record, by control: ConsumerControl) {
        let now = roundTime ?? startRound()
        let headers = record.headerList
        let decoded = decoder.decode(
            value: record.value, projectHeader: headers?.bytes(of: "linefeed-project"),
            datasetTypeHeader: headers?.bytes(of: "linefeed-dataset-type"))
        let partition = record.partition
        let offset = record.offset
        if let headers { watch.traces.note(headers, partition: partition, offset: offset) }
        if let timestamp = record.timestampMilliseconds { watch.noteTimestamp(timestamp, partition, offset) }
        switch decoded {
        case .event(let event):
            settlement.append(event, partition: partition, offset: offset, now: now)
        case .tombstone:
            settlement.appendTombstone(partition: partition, offset: offset, now: now)
        case .rejected(let rejection):
            let copy = StoredRecord(copying: record)
            let isNew = settlement.append(
                rejection, bytes: copy.byteCount, partition: partition, offset: offset, now: now)
            if isNew { kept.keep(copy) }
        }
    }

    func reachedEnd(partition: Int32, offset: Int64, by control: ConsumerControl) {
        settlement.reachedEnd(partition: partition, offset: offset)
    }

    /// A drain need not wait for the answer to a fetch beyond the end, which the broker holds back for half a second: where
    /// the log ends is known from the fetch before.
    private func noteEnds(_ control: ConsumerControl) {
        guard configuration.untilEnd else { return }
        for partition in control.assignment {
            guard let position = control.position(of: partition), position == control.cachedHigh(partition) else {
                continue
            }
            settlement.reachedEnd(partition: partition, offset: position)
        }
    }

    private func startRound() -> Moment {
        let now = clock.now
        roundTime = now
        return now
    }

    // MARK: - The turn

    func turn(_ control: ConsumerControl) -> Duration {
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
        carryOut(control)
        if let stopDeadline, stopDeadline <= now.monotonic, !isClosing {
            giveUp("the time to stop is over, and not everything could be written", control)
        }
        observe(control, now: now)
        publishSummary(now: now.monotonic)
        return wait(until: deadline)
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

extension Record.HeaderList {
    /// nil where there is no such header, or a null one.
    fileprivate func bytes(of name: StaticString) -> UnsafeRawBufferPointer? {
        switch self[name] {
        case .bytes(let bytes)?: bytes
        default: nil
        }
    }
}
