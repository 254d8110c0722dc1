import CRDKafka

/// Questions to a cluster that belong to no group member: what there is, how far a group has come, single records.
///
/// Every call blocks a thread of the reader's own, never Swift's pool; calls of one reader wait for each other.
package actor ClusterReader {
    private let executor: ThreadExecutor
    private let handle: ClientHandle

    package nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

    /// - Parameters:
    ///   - properties: librdkafka's.
    ///   - group: whose committed offsets to read. The reader never joins it and never commits.
    ///   - log: takes librdkafka's log lines.
    /// - Throws: when a property is refused or no thread can be had.
    package init(
        properties: KafkaProperties, group: String? = nil, log: @escaping KafkaLog = { _, _, _ in }
    ) throws(KafkaError) {
        var properties = properties
        // A group is needed to assign by hand; nothing is ever asked about this one.
        properties["group.id"] = group ?? "linefeed-reader"
        // A second member of that name would fence the first; a reader is no member at all.
        properties["group.instance.id"] = nil
        properties["enable.auto.commit"] = "false"
        properties["enable.auto.offset.store"] = "false"
        properties["enable.partition.eof"] = "true"
        properties["auto.offset.reset"] = "error"
        properties["allow.auto.create.topics"] = "false"
        executor = try ThreadExecutor(name: "kafka-reader")
        handle = try ClientHandle(RD_KAFKA_CONSUMER, properties, events: nil, log: log)
        try KafkaError.check(rd_kafka_poll_set_consumer(handle.raw), "make reader")
    }

    /// How many partitions a topic has.
    package func partitionCount(of topic: String, timeout: Duration) throws(KafkaError) -> Int {
        let operation = "read metadata of \(topic)"
        return try TopicMetadata.query(handle, topic: topic, timeout: timeout, operation) {
            metadata throws(KafkaError) in
            guard let metadata else { throw KafkaError(RD_KAFKA_RESP_ERR__BAD_MSG, operation) }
            guard metadata.topic_cnt > 0, let found = metadata.topics else {
                throw KafkaError(RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC, operation)
            }
            try KafkaError.check(found[0].err, operation)
            guard found[0].partition_cnt > 0 else { throw KafkaError(RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC, operation) }
            return Int(found[0].partition_cnt)
        }
    }

    /// Where the log of each partition begins and ends, by partition number.
    package func watermarks(of topic: String, timeout: Duration) throws(KafkaError) -> [Watermarks] {
        let end = ContinuousClock.now + timeout
        var result: [Watermarks] = []
        for partition in 0..<(try partitionCount(of: topic, timeout: timeout)) {
            result.append(try watermarks(of: topic, partition: Int32(clamping: partition), until: end))
        }
        return result
    }

    /// Where the log of one partition begins and ends.
    package func watermarks(
        of topic: String, partition: Int32, timeout: Duration
    ) throws(KafkaError) -> Watermarks {
        try watermarks(of: topic, partition: partition, until: .now + timeout)
    }

    private func watermarks(
        of topic: String, partition: Int32, until end: ContinuousClock.Instant
    ) throws(KafkaError) -> Watermarks {
        try Watermarks.query(
            handle, topic: topic, partition: partition, timeout: max(end - .now, .milliseconds(1)))
    }

    /// What the reader's group has committed for each partition of a topic, with metadata.
    ///
    /// Each element's own `error` says whether its partition could be read.
    package func committedOffsets(of topic: String, timeout: Duration) throws(KafkaError) -> [CommittedOffset] {
        let count = try partitionCount(of: topic, timeout: timeout)
        return try CommittedOffset.query(
            handle, topic: topic, (0..<count).map { Int32(clamping: $0) }, timeout: timeout)
    }

    /// Reads records of one partition with offsets in `range`, in order, until the range or the log ends.
    ///
    /// - Parameters:
    ///   - topic: the topic.
    ///   - partition: its partition.
    ///   - range: offsets to read.
    ///   - timeout: for the whole call; when it passes, `_TIMED_OUT` is thrown.
    ///   - body: takes each record on the reader's thread; answers whether to go on.
    /// - Throws: also when `range` begins outside of the log (`_AUTO_OFFSET_RESET`).
    package func read(
        _ topic: String, partition: Int32, range: Range<Int64>, timeout: Duration,
        _ body: @Sendable (borrowing Record) -> Bool
    ) throws(KafkaError) {
        guard !range.isEmpty else { return }
        let operation = "read \(topic) partition \(partition)"
        let list = PartitionList(topic: topic)
        list.add(partition, offset: range.lowerBound)
        try KafkaError.check(rd_kafka_assign(handle.raw, list.raw), operation)
        // What is fetched beyond the range is thrown away here.
        defer { rd_kafka_assign(handle.raw, nil) }
        let end = ContinuousClock.now + timeout
        while true {
            let left = end - .now
            guard left > .zero else { throw KafkaError(RD_KAFKA_RESP_ERR__TIMED_OUT, operation) }
            guard let message = rd_kafka_consumer_poll(handle.raw, left.timeoutMilliseconds) else { continue }
            let code = message.pointee.err
            guard code == RD_KAFKA_RESP_ERR_NO_ERROR else {
                defer { rd_kafka_message_destroy(message) }
                if code == RD_KAFKA_RESP_ERR__PARTITION_EOF { return }
                let text = rd_kafka_message_errstr(message).map { String(cString: $0) }
                let error = KafkaError(code, operation, message: text)
                // A broker that is away may come back within the time-out.
                guard error.isRetriable else { throw error }
                continue
            }
            let record = Record(owning: message)
            guard record.offset >= range.lowerBound else { continue }
            guard record.offset < range.upperBound, body(record) else { return }
            if record.offset == range.upperBound - 1 { return }
        }
    }

    /// Copies of the records of one partition with offsets in `range`.
    package func records(
        _ topic: String, partition: Int32, range: Range<Int64> = 0..<Int64.max, timeout: Duration
    ) throws(KafkaError) -> [StoredRecord] {
        let collected = Collected()
        try read(topic, partition: partition, range: range, timeout: timeout) { record in
            collected.records.append(StoredRecord(copying: record))
            return true
        }
        return collected.records
    }

    /// A copy of the first record of one partition with an offset in `range`; nil when there is none.
    package func firstRecord(
        _ topic: String, partition: Int32, range: Range<Int64>, timeout: Duration
    ) throws(KafkaError) -> StoredRecord? {
        let collected = Collected()
        try read(topic, partition: partition, range: range, timeout: timeout) { record in
            collected.records.append(StoredRecord(copying: record))
            return false
        }
        return collected.records.first
    }

    /// A copy of the record at `offset`; nil when there is none (compacted away, expired, not written yet).
    package func record(
        _ topic: String, partition: Int32, offset: Int64, timeout: Duration
    ) throws(KafkaError) -> StoredRecord? {
        guard (0..<Int64.max).contains(offset) else { return nil }
        do throws(KafkaError) {
            return try records(topic, partition: partition, range: offset..<offset + 1, timeout: timeout).first
        } catch {
            if error.code == RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET.rawValue { return nil }
            throw error
        }
    }

    /// `@unchecked Sendable`: filled and read on the reader's thread, inside one call.
    private final class Collected: @unchecked Sendable {
        var records: [StoredRecord] = []
    }
}
