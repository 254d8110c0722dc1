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
    private var originals: OriginalRecords?
    private var isClosed = false

    /// Letters that are read, sent and acknowledged together.
    private static let chunk = 200

    init(configuration: WorkerConfiguration, mailbox: Mailbox, logger: Logger) {
        self.configuration = configuration
        self.mailbox = mailbox
        self.logger = logger
    }

    /// Copies of the records that were refused as they were read come as `kept`, by offset; the others are read from
    /// the log again.
    func write(_ request: DeadLetterRequest, _ kept: [Int64: StoredRecord]) async {
        do throws(KafkaError) {
            var rest = request.letters[...]
            while !rest.isEmpty {
                let letters = Array(rest.prefix(Self.chunk))
                rest = rest.dropFirst(Self.chunk)
                try await write(letters, of: request, kept)
            }
            mailbox.post(.deadLettersFinished(request.id, failure: nil))
        } catch {
            logger.error(
                "Dead letters cannot be written",
                metadata: ["topic": "\(configuration.deadLetterTopic)", "error": "\(error)"])
            mailbox.post(.deadLettersFinished(request.id, failure: error.description))
            if error.isFatal { await replaceProducer() }
        }
    }

    /// Ends deliveries that are still under way. Whoever calls waits for none of them.
    func close() async {
        isClosed = true
        await replaceProducer()
    }

    private func write(
        _ letters: [DeadLetter], of request: DeadLetterRequest, _ kept: [Int64: StoredRecord]
    ) async throws(KafkaError) {
        var records = kept
        let missing = letters.map(\.offset).filter { kept[$0] == nil }
        if !missing.isEmpty {
            records.merge(
                try await connectedOriginals().records(partition: request.partition, offsets: missing)
            ) { own, _ in own }
        }
        let messages = letters.map { letter in
            let headers = DeadLetterHeaders(
                letter: letter, partition: request.partition, dataset: request.dataset,
                topic: configuration.settlement.topic, group: configuration.settlement.group,
                refusedAt: clock.now.wall)
            return DeadLetterMessage(
                letter: letter, record: records[letter.offset], dataset: request.dataset, headers: headers)
        }
        try await send(messages)
        for message in messages {
            logger.warning(
                "Dead letter",
                metadata: [
                    "partition": "\(request.partition)", "offset": "\(message.offset)",
                    "dataset": "\(request.dataset.map(\.description) ?? "-")", "reason": "\(message.headers.reason)",
                    "detail": "\(message.headers.message)",
                ])
        }
    }

    /// Sends all, in order, and waits for all.
    private func send(_ messages: [DeadLetterMessage]) async throws(KafkaError) {
        let producer = try connectedProducer()
        let oversized = try await deliver(messages, by: producer)
        guard !oversized.isEmpty else { return }
        // Sent again as it is, it would be refused for ever, and its lane would stand still.
        logger.error(
            "Dead letters larger than their topic takes are written without their values",
            metadata: ["topic": "\(configuration.deadLetterTopic)", "offsets": "\(oversized.map(\.offset))"])
        let refused = try await deliver(oversized.map(\.withoutValue), by: producer)
        guard refused.isEmpty else { throw KafkaError.messageTooLarge(configuration.deadLetterTopic) }
    }

    /// - Returns: the messages that the broker finds too large.
    private func deliver(
        _ messages: [DeadLetterMessage], by producer: Producer
    ) async throws(KafkaError) -> [DeadLetterMessage] {
        let (reports, continuation) = AsyncStream.makeStream(of: (Int, KafkaError?).self)
        for (number, message) in messages.enumerated() {
            await producer.enqueue(
                topic: configuration.deadLetterTopic, key: message.key, value: message.value,
                headers: message.allHeaders, timestampMilliseconds: message.timestampMilliseconds
            ) { result in
                switch result {
                case .success: continuation.yield((number, nil))
                case .failure(let error): continuation.yield((number, error))
                }
            }
        }
        var oversized: [DeadLetterMessage] = []
        var failure: KafkaError?
        var missing = messages.count
        for await (number, error) in reports {
            if let error {
                if error.isMessageTooLarge { oversized.append(messages[number]) } else { failure = failure ?? error }
            }
            missing -= 1
            if missing == 0 { break }
        }
        if let failure { throw failure }
        // The stream ends early only with the membership, which nobody outlives who waits for this.
        guard missing == 0 else { throw KafkaError.closed("write dead letters") }
        return oversized
    }

    private func connectedOriginals() throws(KafkaError) -> OriginalRecords {
        if let originals { return originals }
        guard !isClosed else { throw KafkaError.closed("read original records") }
        let made = try OriginalRecords(configuration: configuration, logger: logger)
        originals = made
        return made
    }

    private func connectedProducer() throws(KafkaError) -> Producer {
        if let producer { return producer }
        guard !isClosed else { throw KafkaError.closed("write dead letters") }
        var properties = configuration.kafka
        // A record that the source topic took must not fail here for librdkafka's own limit of 1 MB.
        properties.setDefault("message.max.bytes", "67108864")
        // One request at a time, so that each is acknowledged by an answer of its own. With several on their way, librdkafka
        // takes the success of a later one for that of an earlier one that failed: right where the broker checks the
        // sequence numbers of an idempotent producer, and a dead letter lost where something Kafka-like does not.
        properties.setDefault("max.in.flight.requests.per.connection", "1")
        let made = try Producer(properties: properties, log: logger.kafkaLog)
        producer = made
        return made
    }

    private func replaceProducer() async {
        let old = producer
        producer = nil
        await old?.close(deadline: .zero)
    }
}

extension KafkaError {
    /// By the broker's limit, or by librdkafka's own.
    fileprivate var isMessageTooLarge: Bool { name == "MSG_SIZE_TOO_LARGE" }

    fileprivate static func messageTooLarge(_ topic: String) -> KafkaError {
        KafkaError(
            code: 10, name: "MSG_SIZE_TOO_LARGE", message: "\(topic) does not even take the record's key and headers",
            operation: "write dead letters")
    }

    static func closed(_ operation: String) -> KafkaError {
        KafkaError(code: -197, name: "_DESTROY", message: "the worker leaves the group", operation: operation)
    }
}
