internal import Labelling
internal import LookoutVision

/// The ordered queue of one dataset's events inside one partition; at most one batch is in flight.
final class Lane {
    // What every event needs comes first, and lies close together: of thousands of lanes little is in the processor's caches.
    /// Events at offsets ≤ this need nothing more.
    var settled: Int64
    var segments = SegmentQueue()
    var flight: Flight?
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
    let dataset: DatasetKey

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
    /// - Returns: how many bytes more the lane holds, and whether it had no segment before.
    @inline(__always)
    func append(
        _ event: LabellingEvent, offset: Int64, seal: Int64, now: Int64, maximumBytes: Int, maximumLines: Int
    ) -> (bytes: Int, isFirst: Bool) {
        guard let last = segments.borrowedLast else { return (begin(with: event, offset: offset, now: now), true) }
        let bytes: Int? = last.use { last in
            guard offset <= seal || last.lastOffset ?? offset > seal,
                last.hasRoom(for: event.maximumLineCount, bytes: maximumBytes, lines: maximumLines)
            else { return nil }
            return last.append(event, offset: offset)
        }
        return (bytes ?? begin(with: event, offset: offset, now: now), false)
    }

    /// Begins a segment with the event: seldom, and so out of the way of the others.
    /// - Returns: how many bytes it holds.
    @inline(never)
    private func begin(with event: LabellingEvent, offset: Int64, now: Int64) -> Int {
        let segment = Segment(openedAt: now)
        segments.append(segment)
        return segment.append(event, offset: offset)
    }
}
