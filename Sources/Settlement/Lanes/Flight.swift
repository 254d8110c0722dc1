/// A batch between its cut and its settlement.
///
/// An object of its own: every event asks its lane whether it has one, and would copy it otherwise.
final class Flight {
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
    func finishReforming(as batch: Batch) {
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
    func startNextGeneration(of batch: Batch, now: Moment) {
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
