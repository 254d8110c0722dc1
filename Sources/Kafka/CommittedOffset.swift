import CRDKafka

/// What a group has committed for one partition.
package struct CommittedOffset: Sendable, Hashable {
    package let partition: Int32
    /// The next offset to read; nil when the group never committed this partition, or its commit expired.
    package let offset: Int64?
    /// The commit's metadata, without trailing NUL characters (which librdkafka up to 2.6.0 may add).
    package let metadata: String
    /// Why nothing is known about this partition; `offset` means nothing then.
    package let error: KafkaError?

    package init(partition: Int32, offset: Int64?, metadata: String, error: KafkaError? = nil) {
        self.partition = partition
        self.offset = offset
        self.metadata = metadata
        self.error = error
    }

    init(_ element: borrowing rd_kafka_topic_partition_t) {
        partition = element.partition
        offset = element.offset >= 0 ? element.offset : nil
        if let start = element.metadata, element.metadata_size > 0 {
            var bytes = UnsafeRawBufferPointer(start: start, count: element.metadata_size)[...]
            while bytes.last == 0 { bytes.removeLast() }
            metadata = String(decoding: bytes, as: UTF8.self)
        } else {
            metadata = ""
        }
        let code = element.err
        error = code == RD_KAFKA_RESP_ERR_NO_ERROR ? nil : KafkaError(code, "read committed offset")
    }

    /// The committed offsets of `partitions`, by a blocking call.
    static func query(
        _ handle: ClientHandle, topic: String, _ partitions: some Sequence<Int32>, timeout: Duration
    ) throws(KafkaError) -> [CommittedOffset] {
        let list = PartitionList(topic: topic, partitions)
        guard list.raw.pointee.cnt > 0 else { return [] }
        let code = rd_kafka_committed(handle.raw, list.raw, timeout.timeoutMilliseconds)
        try KafkaError.check(code, "read committed offsets")
        var result: [CommittedOffset] = []
        list.visit { result.append(CommittedOffset($0)) }
        return result
    }
}

/// One partition's part of a commit: the next offset to read, and text to keep with it.
package struct OffsetCommit: Sendable, Hashable {
    package let partition: Int32
    package let offset: Int64
    /// Printable text without NUL; the broker refuses more than `offset.metadata.max.bytes` (4096 by default).
    package let metadata: String

    package init(partition: Int32, offset: Int64, metadata: String) {
        self.partition = partition
        self.offset = offset
        self.metadata = metadata
    }
}

/// The offsets that a partition's log spans: `low` is the first there is, `high` the next to be written.
package struct Watermarks: Sendable, Hashable {
    package let low: Int64
    package let high: Int64

    package init(low: Int64, high: Int64) {
        self.low = low
        self.high = high
    }

    /// Asks the leader, by a blocking call that keeps its time-out.
    ///
    /// `rd_kafka_query_watermark_offsets` does not: while brokers that are away are being reconnected to, it asks again
    /// and again and never looks at the time (2.0.2). `rd_kafka_offsets_for_times` sends the same request, with the
    /// protocol's two special timestamps for the log's ends, and does.
    ///
    /// Neither forgets a leader that answers that it leads no more: until the next periodic refresh, 5 minutes later,
    /// every question would meet the same answer. So the cluster is asked who leads now, and the new leader once.
    static func query(
        _ handle: ClientHandle, topic: String, partition: Int32, timeout: Duration
    ) throws(KafkaError) -> Watermarks {
        let deadline = ContinuousClock.now + timeout
        do {
            return try ask(handle, topic, partition, until: deadline)
        } catch  where staleLeader.contains(error.code) && .now < deadline {
            try refreshLeader(handle, topic: topic, partition: partition, timeout: deadline - .now)
            return try ask(handle, topic, partition, until: deadline)
        }
    }

    private static func ask(
        _ handle: ClientHandle, _ topic: String, _ partition: Int32, until deadline: ContinuousClock.Instant
    ) throws(KafkaError) -> Watermarks {
        Watermarks(
            low: try end(Int64(RD_KAFKA_OFFSET_BEGINNING), handle, topic, partition, until: deadline),
            high: try end(Int64(RD_KAFKA_OFFSET_END), handle, topic, partition, until: deadline))
    }

    private static func end(
        _ which: Int64, _ handle: ClientHandle, _ topic: String, _ partition: Int32,
        until deadline: ContinuousClock.Instant
    ) throws(KafkaError) -> Int64 {
        let operation = "read watermarks of partition \(partition)"
        let list = PartitionList(topic: topic)
        list.add(partition, offset: which)
        let left = max(deadline - .now, .milliseconds(1))
        try KafkaError.check(rd_kafka_offsets_for_times(handle.raw, list.raw, left.timeoutMilliseconds), operation)
        var offset: Int64 = -1
        var code = RD_KAFKA_RESP_ERR_NO_ERROR
        list.visit { (offset, code) = ($0.offset, $0.err) }
        try KafkaError.check(code, operation)
        guard offset >= 0 else { throw KafkaError(RD_KAFKA_RESP_ERR__BAD_MSG, operation) }
        return offset
    }

    /// What a broker says that leads the partition no more, or not yet; and what librdkafka says of a partition that had
    /// no leader when it last asked.
    private static let staleLeader: Set<Int32> = Set(
        [
            RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION,
            RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION, RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE,
            RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART, RD_KAFKA_RESP_ERR_FENCED_LEADER_EPOCH,
            RD_KAFKA_RESP_ERR_UNKNOWN_LEADER_EPOCH, RD_KAFKA_RESP_ERR_REPLICA_NOT_AVAILABLE,
        ].map(\.rawValue))

    /// Makes librdkafka ask the cluster, and keep what it says.
    ///
    /// - Throws: also where the partition has no leader, which librdkafka would call unknown.
    private static func refreshLeader(
        _ handle: ClientHandle, topic: String, partition: Int32, timeout: Duration
    ) throws(KafkaError) {
        try TopicMetadata.query(handle, topic: topic, timeout: timeout, "read leaders of \(topic)") {
            metadata throws(KafkaError) in
            guard let found = metadata?.topics, metadata?.topic_cnt ?? 0 > 0, let all = found[0].partitions else {
                return
            }
            for index in 0..<Int(found[0].partition_cnt) where all[index].id == partition && all[index].leader < 0 {
                throw KafkaError(RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE, "read watermarks of partition \(partition)")
            }
        }
    }
}
