internal import Kafka
internal import Logging
internal import Settlement

/// `--until-end`: the group has committed everything that was in the topic at the start, whoever of the pool did it.
struct DrainGoal: Sendable {
    private let reader: ClusterReader
    private let topic: String
    private let logs: [Watermarks]
    /// Offsets that lie beyond the ends of their logs: of a topic that was made anew, they stand for nothing that was
    /// settled in this one.
    private let stale: [Int32: Int64]
    private let logger: Logger
    /// When to look whether it is reached.
    private let looks: AsyncStream<Void>
    private let look: AsyncStream<Void>.Continuation

    private static let timeout: Duration = .seconds(10)
    /// Shorter, because a stop may have to wait for the answer.
    private static let question: Duration = .seconds(2)
    private static let interval: Duration = .milliseconds(50)

    /// Asks the cluster where the logs end now.
    init(configuration: WorkerConfiguration, logger: Logger) async throws(KafkaError) {
        self.logger = logger
        (looks, look) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
        topic = configuration.settlement.topic
        reader = try ClusterReader(
            properties: configuration.kafka, group: configuration.settlement.group, log: logger.kafkaLog)
        // In this order: what was committed before the ends were read cannot have gone beyond them.
        let committed = try await reader.committedOffsets(of: topic, timeout: Self.timeout)
        let logs = try await reader.watermarks(of: topic, timeout: Self.timeout)
        self.logs = logs
        var stale: [Int32: Int64] = [:]
        for found in committed where logs.indices.contains(Int(found.partition)) {
            if let offset = found.offset, offset > logs[Int(found.partition)].high { stale[found.partition] = offset }
        }
        self.stale = stale
    }

    /// Returns once it is reached. A cluster that does not answer for a while only delays that.
    func reached() async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                while true {
                    try await Task.sleep(for: Self.interval)
                    lookAgain()
                }
            }
            for await _ in looks where try await isReached() { break }
            group.cancelAll()
            try Task.checkCancellation()
        }
    }

    /// This worker may have reached it: it has nothing left to do.
    func lookAgain() { look.yield() }

    private func isReached() async throws -> Bool {
        do throws(KafkaError) {
            let committed = try await reader.committedOffsets(of: topic, timeout: Self.question)
            return committed.allSatisfy { offset in
                guard logs.indices.contains(Int(offset.partition)) else { return true }
                let log = logs[Int(offset.partition)]
                return offset.error == nil && (offset.offset ?? log.low) >= log.high
                    && (offset.offset == nil || offset.offset != stale[offset.partition])
            }
        } catch {
            guard !error.isFatal else { throw error }
            logger.debug("Cannot read how far the group is; trying again", metadata: ["error": "\(error)"])
            return false
        }
    }
}
