import CRDKafka

/// What a delegate may ask of its consumer, on the consumer's thread only (it is not Sendable).
///
/// After the consumer has ended every request does nothing or throws `_DESTROY`.
package final class ConsumerControl {
    let topic: String
    let delegate: any ConsumerDelegate
    let shared: ConsumerShared
    /// nil before the consumer exists and once it has ended.
    var handle: ClientHandle?
    /// The consumer queue, valid as long as `handle` is there.
    var queue: OpaquePointer?
    /// Where results of commits come, so that they need not stand in line behind records; valid as long as `handle` is there.
    var results: OpaquePointer?

    var positions = PositionTable()
    /// Counts of messages that were kept from the delegate so far.
    package var dropped = DroppedRecords()

    /// What the group has given and not asked back, started or not, as far as the delegate has heard of it.
    var given: Set<Int32> = []
    /// Partitions given by the group and not yet assigned; nil when there are none.
    var awaitingAssign: Set<Int32>?
    /// Whether librdkafka has been told anything about what the group gave last: until then the group cannot be joined again.
    var isAssignAnswered = true
    /// What librdkafka was told to fetch: it refuses to let go of anything else.
    var started: Set<Int32> = []
    /// Partitions wanted back by the group and not yet unassigned; nil when the group waits for nothing.
    var awaitingUnassign: Set<Int32>?
    var collectedUnassign: [Int32] = []
    var pauses = PauseTable()
    var alarm: FetcherAlarm
    /// Whether records stay where librdkafka has fetched them to, and all other news but what came of commits with them, from
    /// the end of this round on. Not for long: rebalances wait too. Nothing is thrown away, as it is by a pause.
    package var holdsRecords = false

    var outstandingCommit: (id: CommitID, deadline: ContinuousClock.Instant)?
    var lastCommit = 0
    /// News for the delegate that arose inside one of its own calls.
    var deferred: [DeferredNews] = []
    var closing: ContinuousClock.Instant?
    /// Open once librdkafka has taken the one answer that it gets while closing; nil before that was given.
    var closingAnswer: Latch?
    var fatalError: KafkaError?

    enum DeferredNews {
        case commitFinished(CommitID, CommitOutcome)
        case failed(KafkaError)
    }

    init(topic: String, delegate: any ConsumerDelegate, shared: ConsumerShared, alarm: FetcherAlarm) {
        self.alarm = alarm
        self.topic = topic
        self.delegate = delegate
        self.shared = shared
    }

    /// The handle, or an error once there is none.
    func liveHandle(_ operation: String) throws(KafkaError) -> ClientHandle {
        guard let handle else { throw KafkaError(RD_KAFKA_RESP_ERR__DESTROY, operation) }
        return handle
    }

    /// Partitions that are assigned and not being given back.
    package var assignment: [Int32] { positions.partitions }

    /// The next offset this partition will deliver, or a logical offset (negative) before its first record; nil
    /// when it is not assigned.
    package func position(of partition: Int32) -> Int64? { positions.position(of: partition) }

    /// What the group has committed, by a call that blocks this thread for at most `timeout`.
    ///
    /// Each element's own `error` says whether its partition could be read.
    package func committed(
        _ partitions: [Int32], timeout: Duration
    ) throws(KafkaError) -> [CommittedOffset] {
        try CommittedOffset.query(
            liveHandle("read committed offsets"), topic: topic, partitions, timeout: timeout)
    }

    /// Where the log of a partition begins and ends, by a call that blocks this thread for at most `timeout`.
    package func watermarks(_ partition: Int32, timeout: Duration) throws(KafkaError) -> Watermarks {
        try Watermarks.query(
            liveHandle("read watermarks"), topic: topic, partition: partition, timeout: timeout)
    }

    /// The end of a partition's log as of its last fetch, without asking anyone; nil before the first fetch.
    /// Together with the own position this is the lag: the lag in librdkafka's statistics freezes on pause.
    package func cachedHigh(_ partition: Int32) -> Int64? {
        guard let handle else { return nil }
        var low: Int64 = 0
        var high: Int64 = 0
        let code = rd_kafka_get_watermark_offsets(handle.raw, topic, partition, &low, &high)
        return code == RD_KAFKA_RESP_ERR_NO_ERROR && high >= 0 ? high : nil
    }
}
