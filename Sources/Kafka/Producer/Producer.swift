import CRDKafka
import Synchronization

/// Where a sent record came to lie.
package struct Delivery: Sendable, Hashable {
    package let partition: Int32
    /// nil when a retry found the record stored already, so that the broker does not say where.
    package let offset: Int64?

    package init(partition: Int32, offset: Int64?) {
        self.partition = partition
        self.offset = offset
    }
}

/// Sends records, each at most once and in order per partition (idempotent), acknowledged by all replicas.
///
/// Records without a partition go where Java's default partitioner would put them (`murmur2_random`), so that other
/// producers of the same keys agree. A full queue makes senders wait. Delivery reports are served by a thread of the
/// producer's own. librdkafka retries by itself for `message.timeout.ms` (5 minutes unless set).
package final class Producer: Sendable {
    private let core: ProducerCore

    /// - Throws: a property that librdkafka refuses.
    package init(
        properties: KafkaProperties, log: @escaping KafkaLog = { _, _, _ in }
    ) throws(KafkaError) {
        var properties = properties
        properties["enable.idempotence"] = "true"
        properties["request.required.acks"] = nil
        properties["acks"] = "all"
        properties.setDefault("partitioner", "murmur2_random")
        let core = ProducerCore()
        let handle = try ClientHandle(RD_KAFKA_PRODUCER, properties, events: core, log: log)
        guard let queue = rd_kafka_queue_get_main(handle.raw) else {
            throw KafkaError(RD_KAFKA_RESP_ERR__STATE, "make producer")
        }
        core.open(handle, queue)
        self.core = core
        do {
            try DedicatedThread.start("kafka-producer") { core.serve() }
        } catch {
            core.shut(within: .zero)
            throw error
        }
    }

    deinit {
        core.requestStop()
    }

    /// Sends one record and waits for its delivery report.
    ///
    /// Waits as long as librdkafka retries; cancelling the task does not take the record back.
    ///
    /// - Parameters:
    ///   - topic: where to.
    ///   - partition: nil leaves it to the partitioner.
    ///   - key: nil is a null key; records without key are spread.
    ///   - value: nil is a tombstone.
    ///   - headers: in order; a name may come more than once.
    ///   - timestampMilliseconds: since 1970; nil is now.
    /// - Returns: where the record came to lie.
    /// - Throws: why it was not delivered; it may be stored all the same if the acknowledgement was lost.
    package func send(
        topic: String, partition: Int32? = nil, key: [UInt8]?, value: [UInt8]?, headers: [RecordHeader] = [],
        timestampMilliseconds: Int64? = nil
    ) async throws(KafkaError) -> Delivery {
        let record = OutgoingRecord(
            topic: topic, partition: partition, key: key, value: value, headers: headers,
            timestampMilliseconds: timestampMilliseconds)
        while true {
            let answer = await withCheckedContinuation { (continuation: CheckedContinuation<Answer, Never>) in
                let seen = core.reportCount
                if core.produce(record, { continuation.resume(returning: .reported($0)) }) == .full {
                    continuation.resume(returning: Answer.full(seen: seen))
                }
            }
            switch answer {
            case .reported(let result): return try result.get()
            case .full(let seen): await core.room(since: seen)
            }
        }
    }

    /// Puts one record into the queue, waiting only while that is full; thousands may be in flight.
    ///
    /// The other parameters are those of `send`. `completion` is called exactly once, with the delivery report or why
    /// there is none, on the producer's thread or the caller's; it must be quick and not wait for this producer.
    package func enqueue(
        topic: String, partition: Int32? = nil, key: [UInt8]?, value: [UInt8]?, headers: [RecordHeader] = [],
        timestampMilliseconds: Int64? = nil,
        completion: @escaping @Sendable (Result<Delivery, KafkaError>) -> Void
    ) async {
        let record = OutgoingRecord(
            topic: topic, partition: partition, key: key, value: value, headers: headers,
            timestampMilliseconds: timestampMilliseconds)
        while true {
            let seen = core.reportCount
            guard core.produce(record, completion) == .full else { return }
            await core.room(since: seen)
        }
    }

    /// How many records wait for their delivery report.
    package var inFlight: Int { core.inFlight }

    /// Waits until nothing is in flight.
    ///
    /// - Returns: whether that came about within the deadline.
    package func flush(deadline: Duration) async -> Bool {
        await core.flush(until: .now + deadline)
    }

    /// Flushes, then fails what is left (`_PURGE_QUEUE`, `_PURGE_INFLIGHT`: the latter may still be stored) and ends.
    ///
    /// - Returns: whether everything was delivered or reported within the deadline.
    @discardableResult
    package func close(deadline: Duration) async -> Bool {
        let isFlushed = await flush(deadline: deadline)
        core.requestStop()
        await core.stopped()
        return isFlushed
    }

    private enum Answer {
        case reported(Result<Delivery, KafkaError>)
        case full(seen: UInt64)
    }
}

/// What a record is made of on its way out.
struct OutgoingRecord: Sendable {
    let topic: String
    let partition: Int32?
    let key: [UInt8]?
    let value: [UInt8]?
    let headers: [RecordHeader]
    let timestampMilliseconds: Int64?

    /// Copies this record into librdkafka's queue; `number` comes back with its delivery report.
    func produce(_ handle: ClientHandle, number: UInt) -> rd_kafka_resp_err_t {
        guard !topic.utf8.contains(0) else { return RD_KAFKA_RESP_ERR__INVALID_ARG }
        let list = makeHeaders()
        let code = Self.withBytes(key) { key, keySize in
            Self.withBytes(value) { value, valueSize in
                linefeed_produce(
                    handle.raw, topic, partition ?? RD_KAFKA_PARTITION_UA, key, keySize, value, valueSize, list,
                    timestampMilliseconds ?? 0, UnsafeMutableRawPointer(bitPattern: number))
            }
        }
        if code != RD_KAFKA_RESP_ERR_NO_ERROR, let list { rd_kafka_headers_destroy(list) }
        return code
    }

    private func makeHeaders() -> OpaquePointer? {
        guard !headers.isEmpty, let list = rd_kafka_headers_new(headers.count) else { return nil }
        for header in headers {
            Self.withBytes(header.value) { value, size in
                // Only a list handed over to a message is read-only, so this cannot fail.
                _ = rd_kafka_header_add(list, header.name, header.name.utf8.count, value, size)
            }
        }
        return list
    }

    /// Null is a null pointer; empty is a pointer to nothing in particular.
    private static func withBytes<R>(_ bytes: [UInt8]?, _ body: (UnsafeRawPointer?, Int) -> R) -> R {
        guard let bytes else { return body(nil, 0) }
        return bytes.withUnsafeBytes { buffer in
            if let start = buffer.baseAddress { return body(start, buffer.count) }
            return withUnsafeBytes(of: 0) { body($0.baseAddress, 0) }
        }
    }
}
