internal import Kafka
internal import Labelling
internal import Logging
internal import Settlement

/// Writes refused records to the dead-letter topic: as they were, with their origin and the reason in headers.
///
/// Acknowledged or not, the machine hears of it; what was not acknowledged is written again. A worker that dies between
/// the acknowledgement and the commit writes once more, so a dead letter may come twice; its origin headers tell.
actor DeadLetterWriter {
    private let configuration: WorkerConfiguration
    private let mailbox: Mailbox
    private let logger: Logger
    private let clock = SystemClock()
    // Most workers never see a dead letter, so the clients are made for the first one.
    private var producer: Producer?
    private var reader: ClusterReader?

    private static let timeout: Duration = .seconds(10)

    init(configuration: WorkerConfiguration, mailbox: Mailbox, logger: Logger) {
        self.configuration = configuration
        self.mailbox = mailbox
        self.logger = logger
    }

    /// `kept`: copies of the records that were refused as they were read, by offset; the others are read from the log
    /// again.
    func write(_ request: DeadLetterRequest, _ kept: [Int64: StoredRecord]) async {
        do throws(KafkaError) {
            let producer = try connectedProducer()
            for letter in request.letters {
                var record = kept[letter.offset]
                if record == nil { record = try await original(request.partition, letter.offset) }
                let headers = DeadLetterHeaders(
                    letter: letter, partition: request.partition, dataset: request.dataset,
                    topic: configuration.settlement.topic, group: configuration.settlement.group,
                    refusedAt: clock.now.wall)
                _ = try await producer.send(
                    topic: configuration.deadLetterTopic, partition: nil,
                    key: record == nil ? request.dataset.map { Array($0.description.utf8) } : record?.key,
                    value: record == nil ? letter.line : record?.value,
                    headers: headers.added(to: record?.headers ?? DeadLetterHeaders.naming(request.dataset)),
                    timestampMilliseconds: record?.timestampMilliseconds)
                logger.warning(
                    "Dead letter",
                    metadata: [
                        "partition": "\(request.partition)", "offset": "\(letter.offset)",
                        "dataset": "\(request.dataset.map(\.description) ?? "-")", "reason": "\(headers.reason)",
                        "message": "\(headers.message)",
                    ])
            }
            mailbox.post(.deadLettersFinished(request.id, failure: nil))
        } catch {
            logger.error("Dead letters cannot be written", metadata: ["error": "\(error)"])
            mailbox.post(.deadLettersFinished(request.id, failure: error.description))
        }
    }

    func close() async {
        await producer?.close(deadline: .seconds(1))
        producer = nil
    }

    /// nil where the log no longer holds the record.
    private func original(_ partition: Int32, _ offset: Int64) async throws(KafkaError) -> StoredRecord? {
        if reader == nil {
            reader = try ClusterReader(
                properties: configuration.kafka, group: configuration.settlement.group, log: logger.kafkaLog)
        }
        return try await reader?.record(
            configuration.settlement.topic, partition: partition, offset: offset, timeout: Self.timeout)
    }

    private func connectedProducer() throws(KafkaError) -> Producer {
        if let producer { return producer }
        let made = try Producer(properties: configuration.kafka, log: logger.kafkaLog)
        producer = made
        return made
    }
}
