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
    private let requests: AsyncStream<EngineRequest>.Continuation
    private let publish: @Sendable (Settlement.Summary) -> Void

    private var decoder = EventDecoder()
    let clock = SystemClock()
    /// The time of this round. Reading the clock for every record would cost as much as decoding it.
    private var roundTime: Moment?
    /// Undecodable records that wait to be dead-lettered, by partition and offset.
    var kept: [Int32: [Int64: StoredRecord]] = [:]
    /// Partitions whose committed offsets could not be read yet.
    var toAssign = PendingAssignment()
    var hasGivenUp = false
    private var publishedAt: Int64 = .min / 2

    init(
        configuration: WorkerConfiguration, mailbox: Mailbox, requests: AsyncStream<EngineRequest>.Continuation,
        logger: Logger, publish: @escaping @Sendable (Settlement.Summary) -> Void
    ) {
        self.configuration = configuration
        self.mailbox = mailbox
        self.requests = requests
        self.logger = logger
        self.publish = publish
        settlement = Settlement(settings: configuration.settlement, seed: .random(in: .min ... .max))
    }

    // MARK: - Records

    func received(_ record: borrowing Record, by control: ConsumerControl) {
        let now = roundTime ?? startRound()
        let decoded = decoder.decode(
            value: record.value, projectHeader: record.bytes(ofHeader: "linefeed-project"),
            datasetTypeHeader: record.bytes(ofHeader: "linefeed-dataset-type"))
        let partition = record.partition
        let offset = record.offset
        switch decoded {
        case .event(let event):
            settlement.append(event, partition: partition, offset: offset, now: now)
        case .tombstone:
            settlement.appendTombstone(partition: partition, offset: offset, now: now)
        case .rejected(let rejection):
            let copy = StoredRecord(copying: record)
            let isNew = settlement.append(
                rejection, bytes: copy.byteCount, partition: partition, offset: offset, now: now)
            if isNew { kept[partition, default: [:]][offset] = copy }
        }
    }

    func reachedEnd(partition: Int32, offset: Int64, by control: ConsumerControl) {
        settlement.advance(partition: partition, to: offset)
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
        readCommittedOffsets(control, now: now)
        let deadline = settlement.turn(now: now)
        carryOut(control)
        publishStatus(now: now.monotonic)
        let next = min(deadline ?? .max, toAssign.nextTry ?? .max)
        return next == .max ? .seconds(1) : .nanoseconds(max(0, next - now.monotonic))
    }

    private func read(_ message: Mailbox.Message, now: Moment) {
        switch message {
        case .answer(let id, let answer):
            settlement.callFinished(id, answer, now: now)
        case .deadLettersFinished(let id, let failure):
            settlement.deadLettersFinished(id, failure: failure, now: now)
            if failure == nil { forget(writtenBy: id) }
        case .stop:
            settlement.stop(grace: configuration.stopGrace, now: now)
        }
    }

    func commitFinished(_ id: CommitID, _ outcome: CommitOutcome, by control: ConsumerControl) {
        guard !hasGivenUp else { return }
        let answer: CommitAnswer =
            switch outcome {
            case .resolved(let results):
                .resolved(
                    refused: Dictionary(
                        results.compactMap { result in result.error.map { (result.partition, $0.description) } },
                        uniquingKeysWith: { first, _ in first }))
            case .failed(let error): .failed(error.description)
            case .timedOut: .unknown
            }
        settlement.commitFinished(answer, now: clock.now)
    }

    func consumerFailed(_ error: KafkaError, by control: ConsumerControl) {
        logger.log(
            level: error.isFatal ? .critical : .warning, "Kafka reports an error", metadata: ["error": "\(error)"])
    }

    // MARK: - Actions

    private func carryOut(_ control: ConsumerControl) {
        for action in settlement.takeActions() {
            switch action {
            case .commit(let commits, let deadline):
                _ = control.commit(
                    commits.map {
                        OffsetCommit(partition: $0.partition, offset: $0.offset, metadata: $0.metadata)
                    }, deadline: deadline)
            case .call(let call):
                requests.yield(.call(call))
            case .deadLetter(let request):
                let kept = kept[request.partition] ?? [:]
                requests.yield(
                    .deadLetter(
                        request,
                        kept: kept.isEmpty
                            ? [:]
                            : Dictionary(
                                request.letters.compactMap { letter in
                                    kept[letter.offset].map { (letter.offset, $0) }
                                }, uniquingKeysWith: { first, _ in first })))
                writing[request.id] = request.letters.map(\.offset)
            case .pause(let partitions):
                logger.debug("Paused: above the share of memory", metadata: ["partitions": "\(partitions)"])
                control.pause(partitions)
            case .resume(let partitions):
                control.resume(partitions)
            case .unassign(let partitions):
                for partition in partitions { kept[partition] = nil }
                control.unassign(partitions)
            case .leave:
                control.close(deadline: configuration.closeDeadline)
            case .giveUp(let reason):
                logger.error("Giving up the place in the group", metadata: ["reason": "\(reason)"])
                hasGivenUp = true
                mailbox.giveUp()
                settlement.lose(control.assignment)
                control.close(deadline: configuration.closeDeadline)
            case .notice(let notice):
                log(notice)
            }
        }
    }

    /// Offsets of the dead letters that are being written, by request.
    private var writing: [RequestID: [Int64]] = [:]

    private func forget(writtenBy id: RequestID) {
        for offset in writing.removeValue(forKey: id) ?? [] { kept[id.lane.partition]?[offset] = nil }
    }

    private func publishStatus(now: Int64) {
        guard now - publishedAt >= 100_000_000 else { return }
        publishedAt = now
        publish(settlement.summary)
    }
}

extension Record {
    /// nil where there is no such header, or a null one.
    fileprivate borrowing func bytes(ofHeader name: StaticString) -> UnsafeRawBufferPointer? {
        switch header(name) {
        case .bytes(let bytes)?: bytes
        default: nil
        }
    }
}
