import CRDKafka

/// A record on its way out; the fields are those of `Producer.send`.
package struct TransactionRecord: Sendable, Hashable {
    package var topic: String
    package var partition: Int32?
    package var key: [UInt8]?
    package var value: [UInt8]?
    package var headers: [RecordHeader]

    package init(
        topic: String, partition: Int32? = nil, key: [UInt8]?, value: [UInt8]?, headers: [RecordHeader]
    ) {
        self.topic = topic
        self.partition = partition
        self.key = key
        self.value = value
        self.headers = headers
    }
}

/// Sends records in Kafka transactions: readers that read committed records see all of one transaction or nothing.
///
/// One producer of a transactional id is alive at a time: `start` ends what an earlier one left open, and whatever an
/// earlier one tries afterwards is refused (`KafkaError.isFenced`). Every call blocks a thread of the producer's own.
///
/// The embedded cluster takes transactions but keeps none of this: records show at once, also when the transaction is
/// aborted or never ended, and nobody is fenced.
package actor TransactionalProducer {
    private let executor: ThreadExecutor
    private let handle: ClientHandle

    package nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

    /// - Parameters:
    ///   - properties: librdkafka's. Records without a partition go where `Producer` would put them.
    ///   - transactionalID: the name under which producers follow each other.
    ///   - log: takes librdkafka's log lines.
    /// - Throws: when a property is refused or no thread can be had.
    package init(
        properties: KafkaProperties, transactionalID: String, log: @escaping KafkaLog = { _, _, _ in }
    ) throws(KafkaError) {
        var properties = properties
        properties["enable.idempotence"] = "true"
        properties["request.required.acks"] = nil
        properties["acks"] = "all"
        properties["transactional.id"] = transactionalID
        properties.setDefault("partitioner", "murmur2_random")
        // A record that one topic took must not fail here for librdkafka's own limit of 1 MB.
        properties.setDefault("message.max.bytes", "67108864")
        // A transaction that its producer left open holds up everyone who reads committed records for that long.
        properties.setDefault("transaction.timeout.ms", "20000")
        executor = try ThreadExecutor(name: "kafka-txn")
        handle = try ClientHandle(RD_KAFKA_PRODUCER, properties, events: nil, log: log)
    }

    /// Takes over the transactional id: when this returns, everything that was sent under it before is either committed
    /// or gone for good. Once, before anything else.
    package func start(timeout: Duration) throws(KafkaError) {
        try check(rd_kafka_init_transactions(handle.raw, timeout.timeoutMilliseconds), "start transactions")
    }

    /// Sends all of these records, in order per partition, in one transaction.
    ///
    /// - Parameters:
    ///   - records: sent first.
    ///   - notes: sent once the others were acknowledged, so that even where transactions are not atomic no note speaks
    ///     of a record that is not there.
    ///   - timeout: for each step.
    /// - Throws: why nothing is known to be committed. After a time-out it may have been; the next producer's `start`
    ///   settles it either way. A producer that threw is not to be used any more.
    package func transact(
        _ records: [TransactionRecord], notes: [TransactionRecord] = [], timeout: Duration
    ) throws(KafkaError) {
        guard !records.isEmpty || !notes.isEmpty else { return }
        do throws(KafkaError) {
            try check(rd_kafka_begin_transaction(handle.raw), "begin transaction")
            try produce(records, timeout)
            if !notes.isEmpty {
                try KafkaError.check(rd_kafka_flush(handle.raw, timeout.timeoutMilliseconds), "send records")
                // Refused when one of the deliveries has failed.
                try produce(notes, timeout)
            }
            // Waits for the deliveries, and fails when one of them has failed.
            try check(rd_kafka_commit_transaction(handle.raw, timeout.timeoutMilliseconds), "commit transaction")
        } catch {
            // Best effort: what stays open is ended by the next producer, or by the broker in time.
            if let second = rd_kafka_abort_transaction(handle.raw, timeout.timeoutMilliseconds) {
                rd_kafka_error_destroy(second)
            }
            throw error
        }
    }

    private func produce(_ records: [TransactionRecord], _ timeout: Duration) throws(KafkaError) {
        for record in records {
            let outgoing = OutgoingRecord(
                topic: record.topic, partition: record.partition, key: record.key, value: record.value,
                headers: record.headers, timestampMilliseconds: nil)
            let code = outgoing.produce(handle, number: 0)
            // These say only that the transaction, or the producer, has failed before; trying to commit it says why.
            if code == RD_KAFKA_RESP_ERR__STATE || code == RD_KAFKA_RESP_ERR__FATAL {
                try check(
                    rd_kafka_commit_transaction(handle.raw, timeout.timeoutMilliseconds),
                    "send record to \(record.topic)")
            }
            try KafkaError.check(code, "send record to \(record.topic)")
        }
    }

    /// Ends the client. What is in no committed transaction is lost.
    package func close() {
        handle.destroy(within: .seconds(2))
    }

    private func check(_ error: OpaquePointer?, _ operation: String) throws(KafkaError) {
        if let error { throw KafkaError(consuming: error, operation) }
    }
}

extension KafkaError {
    /// Whether another producer of the same transactional id has taken over.
    package var isFenced: Bool {
        [
            RD_KAFKA_RESP_ERR__FENCED, RD_KAFKA_RESP_ERR_PRODUCER_FENCED, RD_KAFKA_RESP_ERR_INVALID_PRODUCER_EPOCH,
        ].contains { $0.rawValue == code }
    }

    /// Whether the topic does not exist.
    package var isUnknownTopic: Bool {
        [RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC, RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART].contains { $0.rawValue == code }
    }
}
