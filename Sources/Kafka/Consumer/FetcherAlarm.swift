import CRDKafka

/// Wakes librdkafka's fetcher as soon as there is room again in the queue of records that were fetched ahead.
///
/// A fetcher that finds the queue full looks again after a second, which at speed is a second without records
/// (librdkafka issue 2879). From 2.2.0 on `fetch.queue.backoff.ms` shortens that. Before, whatever the broker's thread is
/// given to do wakes it, and the cheapest that an application can give it is a question about the log: one small request
/// to each leader, whose answer nobody waits for.
struct FetcherAlarm {
    /// Most records seen waiting since the fetcher was last woken.
    private var peak = 0
    /// No ring before this one's time; nil before the first.
    private var next: ContinuousClock.Instant?
    /// When the next ring is due after a pause or a resume, which wakes nobody, and how long after that the one behind it:
    /// several, each twice as late as the one before, since on a busy machine it takes a while until either has taken effect.
    private var owed: (at: ContinuousClock.Instant, gap: Duration)?
    /// Mean bytes of the records taken lately.
    private var meanBytes = 0

    /// Where the library can be told how long a fetcher rests, it needs no alarm.
    static let isNeeded = rd_kafka_version() < 0x0202_00ff

    /// Fewer records than this are no sign that the queue was full.
    static let smallestPeak = 1024
    /// Where records are large, fewer fill the queue: this much of `queued.max.messages.kbytes` is a sign.
    private let smallestPeakBytes: Int
    /// `queued.min.messages`: below so many the fetcher fetches, if bytes do not keep it from that.
    private let queueRecords: Int
    /// A queue of 20,000 records, the default, lasts for 20 ms where a million are taken in a second, so this comes in time;
    /// and it is the most that a leader is asked, 200 times a second.
    static let interval: Duration = .milliseconds(5)

    /// With a second, which the next ones would come to, the fetcher looks by itself.
    private static let longestGap: Duration = .milliseconds(640)

    /// - Parameters:
    ///   - queueBytes: that librdkafka fetches ahead at most.
    ///   - queueRecords: with fewer it fetches.
    init(queueBytes: Int, queueRecords: Int) {
        smallestPeakBytes = queueBytes / 2
        self.queueRecords = queueRecords
    }

    /// Partitions were resumed, and their fetcher may sleep. Or they were paused: then what waits of them is thrown away in
    /// the middle of a poll, which goes on to wait for the others' records, while their fetcher still finds the queue full.
    mutating func partitionsChanged(now: ContinuousClock.Instant) { owed = (now, Self.interval) }

    /// When to look again at the latest.
    var dueAt: ContinuousClock.Instant? { owed.map { max($0.at, next ?? $0.at) } }

    /// A record of so many bytes was taken.
    @inline(__always)
    mutating func took(bytes: Int) { meanBytes += (bytes - meanBytes) / 16 }

    /// To be called after each round of records, with the number of those that still wait.
    ///
    /// True as soon as a queue that was full by its records is not, and each time that half of one has been taken since it was
    /// highest or since the fetcher was last woken: so, but for the first, never without 512 records taken in between, or a
    /// quarter of the queue's bytes, and a queue that stays low, behind a slow network or a dead broker, is left alone. And
    /// true for each ring that a pause or a resume is owed.
    mutating func look(waiting: Int, now: ContinuousClock.Instant) -> Bool {
        peak = max(peak, waiting)
        guard next.map({ now >= $0 }) ?? true else { return false }
        if let (due, gap) = owed, now >= due {
            owed = gap < Self.longestGap ? (now + gap, gap * 2) : nil
            next = now + Self.interval
            return true
        }
        let smallestPeak = max(4, min(Self.smallestPeak, smallestPeakBytes / max(1, meanBytes)))
        let few = peak >= queueRecords ? max(queueRecords, peak / 2) : peak / 2
        guard peak >= smallestPeak, waiting < few else { return false }
        peak = waiting
        next = now + Self.interval
        return true
    }
}

extension ConsumerControl {
    /// Looks after the fetcher once a round of records has been taken.
    func tendFetcher(now: ContinuousClock.Instant) {
        guard FetcherAlarm.isNeeded, let handle, let queue,
            alarm.look(waiting: Int(rd_kafka_queue_length(queue)), now: now)
        else { return }
        let list = PartitionList(topic: topic)
        for partition in positions.partitions where !pauses.held.contains(partition) {
            list.add(partition, offset: Self.end)
        }
        // Time-out 0: the requests go out, and nobody waits. The error says just that.
        _ = rd_kafka_offsets_for_times(handle.raw, list.raw, 0)
    }
}
