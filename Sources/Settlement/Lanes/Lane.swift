internal import Labelling
internal import LookoutVision

/// The ordered queue of one dataset's events inside one partition; at most one batch is in flight.
final class Lane {
    // What every event needs comes first, and lies close together: of thousands of lanes little is in the processor's caches.
    let dataset: DatasetKey
    /// Events at offsets ≤ this need nothing more.
    var settled: Int64
    var segments = SegmentQueue()
    /// Events that were read, but given up for want of memory while the lane was stuck: they are read again.
    var missing: Missing?
    /// Whether the lane stands in one of the machine's queues already.
    var isQueued = false
    /// Whether the partition looks at this lane when it composes a ledger.
    var isActive = false
    /// Whether the ledger that was last composed names this lane: it has its room there already.
    var isNamed = false
    /// Another lane has the same `LaneDigest.hash`, so it must not stand for this one.
    var hasCommonHash = false
    /// The inherited ledger speaks of this lane by its hash: whoever wrote it knew of no other lane with the same.
    var isKnownByHash = false
    /// Set once a batch of one line was dead-lettered with nothing applied since: a second one in a row looks like
    /// an outage of the dataset rather than like bad data.
    var doubtsLoneLine = false
    let number: Int32
    let digest: LaneDigest
    /// When the last timer goes off that was set for events to get ripe. Monotonic nanoseconds.
    var wakesAt: Int64 = .min
    /// The highest offset of an event of this lane known to be settled; -1 for none. Above the floor it is what makes
    /// the ledger name the lane.
    var lastSettledEvent: Int64
    var flight: Flight?

    init(number: Int32, dataset: DatasetKey, digest: LaneDigest, settled: Int64) {
        self.number = number
        self.dataset = dataset
        self.digest = digest
        self.settled = settled
        lastSettledEvent = -1
    }

    struct Missing {
        /// Events at this offset and above are not held, up to where the partition has been read.
        var from: Int64
        /// The log is being read again from there or below.
        var isRefilling = false
    }

    /// nil where nothing is unsettled, or nothing of it was read yet.
    var firstUnsettled: Int64? { flight?.firstOffset ?? segments.first?.firstOffset ?? missing?.from }

    /// Gives up all events but those in flight, to be read again when the lane can go on.
    /// - Returns: how many bytes less the lane holds.
    func forgetSegments() -> Int {
        guard let first = segments.first?.firstOffset else { return 0 }
        let bytes = segments.heldBytes
        segments.removeAll()
        missing = Missing(from: first)
        return bytes
    }

    /// How long this lane's events wait for company: never longer than `longest`, never shorter than seven eighths of it.
    ///
    /// Events of many datasets come in one read. Waited they all equally long, their batches would be cut together for
    /// ever, and the last would wait for all the others to be written where they are applied. So every lane has a time of
    /// its own, from its digest: the first batches are cut within an eighth of the linger, and since the lanes go round
    /// at different speeds from then on, the later ones over all of it.
    func linger(atMost longest: Int64) -> Int64 {
        longest - Int64((Int128(longest / 8) * Int128(digest.hash)) >> 32)
    }

    /// Adds an event behind all others. No segment reaches across `seal`: it ends at that offset or begins above.
    /// - Returns: how many bytes more the lane holds.
    func append(
        _ event: LabellingEvent, offset: Int64, seal: Int64, now: Int64, settings: borrowing Settings
    ) -> Int {
        if let last = segments.last, offset <= seal || (last.lastOffset ?? offset) > seal,
            last.hasRoom(for: event.maximumLineCount, bytes: settings.batchBytes, lines: settings.batchLines)
        {
            return last.append(event, offset: offset)
        }
        let segment = Segment(openedAt: now)
        segments.append(segment)
        return segment.append(event, offset: offset)
    }
}

/// A batch between its cut and its settlement.
struct Flight {
    enum Phase: Equatable {
        /// Named by the ledger we were given; the log has not been read past its cut yet.
        case reforming
        /// Cut, but no commit names it yet: nothing of it may be sent.
        case unrecorded
        /// In the ledger of the commit that is outstanding.
        case recording
        /// Recorded; waits for one of the concurrent places.
        case ready
        case calling(Int, Call.Kind)
        case waiting(WaitReason, until: Int64)
        case deadLettering(Int)
    }

    struct Intent {
        /// Seconds since the epoch: when the batch was cut, or given its present generation. Never later than the
        /// first send under the token.
        var firstSent: Int64
        /// How many tokens of this batch have grown too old.
        var generation = 0
        /// Events in the batch.
        var eventCount: Int
        /// `Ledger.InFlight.hasPayloadToken`.
        var hasPayloadToken = false
    }

    let cut: Int64
    var phase: Phase
    /// While re-forming: the batch's events as far as they were read.
    var reforming: Segment?
    var batch: Batch?
    var chain: Chain
    /// What a ledger says of it beside the cut.
    var intent: Intent
    /// The intent that earlier ledgers hold, while no commit holds the new one.
    var recordedIntent: Intent?
    /// A commit that names the present intent was sent; acknowledged or not, somebody may find it in the ledger.
    var isStanding = false
    /// The log has lost events of this batch, so its token is not the one that may have been sent: look before sending.
    var mustVerify = false
    /// The next call creates the dataset instead of sending.
    var mustCreate = false
    var creations = 0
    /// Which line is refused alone, where by `InvalidEventPolicy.halt` it is not dead-lettered.
    var haltedBy: String?
    /// Answers in a row that changed nothing.
    var failures = 0
    /// Whether the place that it has is one of those for batches that have asked in vain.
    var isRetry = false
    /// Monotonic nanoseconds of the last call.
    var calledAt: Int64 = 0
    var calls = 0
    /// Monotonic nanoseconds; nil for a re-formed batch that has had no place yet.
    var cutAt: Int64?

    /// A batch that was just cut.
    init(of batch: Batch, doubtsLoneLine: Bool, now: Moment) {
        cut = batch.cut
        phase = .unrecorded
        self.batch = batch
        chain = Chain(lineCount: batch.lineCount, doubtsLoneLine: doubtsLoneLine)
        intent = Intent(firstSent: now.wall / 1000, eventCount: batch.eventCount)
        cutAt = now.monotonic
    }

    /// A batch that a ledger names.
    init(reforming inFlight: Ledger.InFlight) {
        cut = inFlight.cut
        phase = .reforming
        reforming = Segment(openedAt: 0)
        chain = Chain(lineCount: 0, doubtsLoneLine: inFlight.doubtsLoneLine)
        intent = Intent(
            firstSent: inFlight.firstSent, generation: inFlight.generation, eventCount: inFlight.eventCount,
            hasPayloadToken: inFlight.hasPayloadToken)
    }

    /// The log was read past the cut: what was gathered is the batch.
    mutating func finishReforming(as batch: Batch) {
        reforming = nil
        self.batch = batch
        chain = Chain(lineCount: batch.lineCount, doubtsLoneLine: chain.doubtsLoneLine)
        mustVerify = batch.eventCount != intent.eventCount
        phase = .ready
    }

    /// The token has grown too old, and what it stood for is not in the dataset.
    ///
    /// The chain begins again: whoever re-forms the batch knows the generation alone, and has to come to the same
    /// tokens. A batch that was applied in part is so sent again as a whole; that is the price of hours.
    mutating func startNextGeneration(of batch: Batch, now: Moment) {
        recordedIntent = recordedIntent ?? intent
        isStanding = false
        intent = Intent(
            firstSent: now.wall / 1000, generation: intent.generation + 1, eventCount: batch.eventCount)
        chain = Chain(lineCount: batch.lineCount, doubtsLoneLine: chain.doubtsLoneLine)
        mustVerify = false
        phase = .unrecorded
    }

    /// What a ledger says of it.
    var ledgerEntry: Ledger.InFlight {
        Ledger.InFlight(
            cut: cut, firstSent: intent.firstSent, generation: intent.generation, eventCount: intent.eventCount,
            doubtsLoneLine: chain.doubtsLoneLine, hasPayloadToken: intent.hasPayloadToken)
    }

    private static let failuresOfAStuckLane = 3
    /// Longer than an update takes.
    private static let patience: Int64 = 60_000_000_000

    var hasAskedInVain: Bool { failures >= Self.failuresOfAStuckLane }

    /// Whether it has asked in vain, or without an answer, for a while.
    func isStuck(at now: Int64) -> Bool {
        if hasAskedInVain { return true }
        guard case .calling = phase else { return false }
        return now - calledAt >= Self.patience
    }

    var firstOffset: Int64? { batch?.firstOffset ?? reforming?.firstOffset }
}
