internal import Kafka
internal import Settlement

/// What is known of one partition of ours beside the machine: where its log ends, when it last got on, when its records
/// were published.
final class PartitionView {
    let number: Int32
    let gauges: PartitionMetrics
    var timestamps = TimestampTrack()
    /// Bytes of the ledger in the last commit that was stored.
    var ledgerBytes: Int

    private(set) var position: Int64
    private(set) var watermark: Int64
    /// Where the log ends, as far as is known.
    private(set) var high: Int64
    private var cachedHigh: Int64?
    /// Monotonic nanoseconds since when nothing of the log has come, not even news of its end.
    private(set) var silentSince: Int64
    /// Monotonic nanoseconds since when the watermark has not moved although the log goes on.
    private(set) var stuckSince: Int64
    /// Since when the end of the log could not be read, and why.
    private(set) var unreadable: (since: Int64, error: KafkaError)?
    var reportedAt: Int64?

    init(_ number: Int32, offset: Int64, high: Int64, ledgerBytes: Int, gauges: PartitionMetrics, now: Int64) {
        self.number = number
        self.ledgerBytes = ledgerBytes
        self.gauges = gauges
        position = offset
        watermark = offset
        self.high = max(high, offset)
        silentSince = now
        stuckSince = now
    }

    /// What there is to see of it now.
    ///
    /// - Parameters:
    ///   - read: the next offset to be read; a logical one before the first record.
    ///   - cachedHigh: where the log ended at its last fetch.
    ///   - unsettled: the lowest unsettled offset; nil where everything that was read is settled.
    ///   - now: monotonic nanoseconds.
    func update(position read: Int64?, cachedHigh: Int64?, watermark unsettled: Int64?, now: Int64) {
        let read = max(position, read ?? position)
        if read != position || cachedHigh != self.cachedHigh {
            if let cachedHigh, cachedHigh != self.cachedHigh { high = cachedHigh }
            silentSince = now
            unreadable = nil
        }
        position = read
        self.cachedHigh = cachedHigh
        high = max(high, position)
        let lowest = unsettled ?? position
        if lowest != watermark || lowest >= high {
            stuckSince = now
            if unreadable == nil { reportedAt = nil }
        }
        watermark = lowest
        timestamps.forget(below: watermark)
    }

    /// Where the log ends was asked, since nothing came of it by itself.
    func learnt(_ end: Result<Watermarks, KafkaError>, now: Int64) {
        switch end {
        case .success(let log):
            high = max(log.high, position)
            unreadable = nil
        case .failure(let error):
            unreadable = (unreadable?.since ?? now, error)
        }
    }

    var lag: Int64 { max(0, high - watermark) }

    /// For how long it has not got on, although there is something to settle or to read, or nobody can tell whether
    /// there is; nil below `patience`.
    func stalled(patience: Duration, now: Int64) -> Duration? {
        var since = lag > 0 ? stuckSince : now
        if let unreadable { since = min(since, unreadable.since) }
        let duration = Duration.nanoseconds(now - since)
        return duration >= patience ? duration : nil
    }

    /// What is wrong where the machine has nothing that it could settle.
    var silenceInWords: String {
        if let unreadable {
            return "nothing is being fetched, and where the log ends cannot be read: \(unreadable.error)"
        }
        return "nothing is being fetched, though the log goes on to \(high)"
    }
}
