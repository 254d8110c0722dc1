internal import DequeModule
internal import Labelling

/// The lane of the records that belong to no dataset: undecodable ones, which become dead letters, and tombstones,
/// which need nothing. It has a lane, and so a place in the ledger, lest a replay dead-letters them again.
struct RefusalLane {
    private struct Item {
        var offset: Int64
        /// nil: a tombstone.
        var rejection: Rejection?
        /// What the runner keeps of the record until it is written.
        var bytes: Int
    }

    /// Offsets ≤ this need nothing more.
    private(set) var settled: Int64
    private(set) var lastSettledEvent: Int64
    private var items: Deque<Item> = []
    /// The request that is being written, and how many items it covers.
    private(set) var writing: (request: Int, count: Int)?
    var failures = 0
    /// Monotonic nanoseconds before which writing is not tried again.
    var retryAt = Int64.min
    /// Offsets up to which dead letters may be written: read before a commit that the coordinator has acknowledged.
    ///
    /// A member that was replaced, or is about to be, gets no such acknowledgement, so it does not begin to write what the
    /// next owner will write too.
    private var permitted: Int64 = -1
    /// Bytes held for the records that are waiting.
    private(set) var heldBytes = 0

    init(settled: Int64, lastSettledEvent: Int64 = -1) {
        self.settled = settled
        self.lastSettledEvent = lastSettledEvent
    }

    var firstUnsettled: Int64? { items.first?.offset }
    /// The first record that waits to be dead-lettered.
    var head: (offset: Int64, rejection: Rejection)? {
        items.lazy.compactMap { item in item.rejection.map { (item.offset, $0) } }.first
    }
    /// Whether a record waits for nothing but a commit.
    var wantsPermission: Bool { writing == nil && (head?.offset ?? permitted) > permitted }

    /// A commit was acknowledged that was sent when the log had been read up to `offset`.
    mutating func permit(through offset: Int64) { permitted = max(permitted, offset) }

    private static let overhead = 256

    /// - Returns: whether the record is new, rather than settled before a replay.
    mutating func append(offset: Int64, _ rejection: Rejection?, bytes: Int, isHalting: Bool) -> Bool {
        guard offset > settled else {
            lastSettledEvent = max(lastSettledEvent, offset)
            return false
        }
        // What stands behind a record that halts is not looked at before that is mended; then it is read again.
        if isHalting, !items.isEmpty { return true }
        items.append(Item(offset: offset, rejection: rejection, bytes: bytes + Self.overhead))
        heldBytes += bytes + Self.overhead
        settleLeadingTombstones()
        return true
    }

    /// The next records to dead-letter, if none are being written.
    mutating func startWriting(request: Int, atMost limit: Int = 100) -> [DeadLetter] {
        guard writing == nil else { return [] }
        let head = items.prefix(limit).prefix { $0.offset <= permitted }
        guard !head.isEmpty else { return [] }
        writing = (request, head.count)
        return head.compactMap { item in
            item.rejection.map { DeadLetter(offset: item.offset, cause: .rejected($0)) }
        }
    }

    /// - Returns: how many dead letters were settled.
    mutating func finishedWriting(request: Int, successfully: Bool) -> Int? {
        guard let current = writing, current.request == request else { return nil }
        writing = nil
        guard successfully else { return 0 }
        let written = items.prefix(current.count)
        let count = written.count { $0.rejection != nil }
        if let last = written.last { settle(through: last.offset) }
        heldBytes -= written.reduce(0) { $0 + $1.bytes }
        items.removeFirst(current.count)
        settleLeadingTombstones()
        return count
    }

    private mutating func settleLeadingTombstones() {
        guard writing == nil else { return }
        while let first = items.first, first.rejection == nil {
            settle(through: first.offset)
            heldBytes -= first.bytes
            items.removeFirst()
        }
    }

    private mutating func settle(through offset: Int64) {
        settled = offset
        lastSettledEvent = offset
    }
}
