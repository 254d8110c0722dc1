internal import Kafka
internal import Logging
internal import Settlement

/// Reads where logs end, beside the engine: a partition from which nothing comes tells nothing of its end, and a
/// question about it would keep the poll thread.
actor LogEndReader {
    private let configuration: WorkerConfiguration
    private let mailbox: Mailbox
    private let logger: Logger
    // A pool that is at work never asks, so the client is made for the first question.
    private var reader: ClusterReader?

    private static let timeout: Duration = .seconds(3)
    /// For all partitions of a question; what is left out then is asked for the next time, in any order.
    private static let budget: Duration = .seconds(10)

    init(configuration: WorkerConfiguration, mailbox: Mailbox, logger: Logger) {
        self.configuration = configuration
        self.mailbox = mailbox
        self.logger = logger
    }

    /// The answer comes by mail, whatever it is.
    func read(_ partitions: [Int32]) async {
        var ends: [Int32: Result<Watermarks, KafkaError>] = [:]
        let end = ContinuousClock.now + Self.budget
        for partition in partitions.shuffled() {
            guard !Task.isCancelled, .now < end else { break }
            do throws(KafkaError) {
                ends[partition] = .success(
                    try await connected().watermarks(
                        of: configuration.settlement.topic, partition: partition, timeout: Self.timeout))
            } catch {
                ends[partition] = .failure(error)
            }
        }
        mailbox.post(.logEnds(ends))
    }

    private func connected() throws(KafkaError) -> ClusterReader {
        if let reader { return reader }
        let made = try ClusterReader(properties: configuration.kafka, log: logger.kafkaLog)
        reader = made
        return made
    }
}
