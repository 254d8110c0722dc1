internal import Kafka
internal import Logging
internal import Settlement

/// Reads records from the log again, as they were before they became entries.
struct OriginalRecords: Sendable {
    private let reader: ClusterReader
    private let topic: String

    /// Offsets this close to each other are read in one go: what lies between costs less than another fetch.
    private static let closeBy: Int64 = 16
    private static let timeout: Duration = .seconds(10)
    /// A reader's thread cannot be interrupted, so it is asked in short questions: a stop waits for one of them.
    private static let question: Duration = .seconds(1)

    init(configuration: WorkerConfiguration, logger: Logger) throws(KafkaError) {
        topic = configuration.settlement.topic
        var properties = configuration.kafka
        // A few records are wanted, not the 100,000 that librdkafka would gather behind them.
        properties["queued.min.messages"] = "100"
        reader = try ClusterReader(
            properties: properties, group: configuration.settlement.group, log: logger.kafkaLog)
    }

    /// The records at these offsets, which come in rising order; without those that the log no longer holds.
    func records(partition: Int32, offsets: [Int64]) async throws(KafkaError) -> [Int64: StoredRecord] {
        var found: [Int64: StoredRecord] = [:]
        var rest = offsets[...]
        while let first = rest.first {
            var run = rest.prefix(1)
            while let next = rest.dropFirst(run.count).first, let last = run.last, next - last <= Self.closeBy {
                run = rest.prefix(run.count + 1)
            }
            rest = rest.dropFirst(run.count)
            let wanted = Set(run)
            for record in try await read(partition, first...(run.last ?? first)) where wanted.contains(record.offset) {
                found[record.offset] = record
            }
        }
        return found
    }

    private func read(_ partition: Int32, _ range: ClosedRange<Int64>) async throws(KafkaError) -> [StoredRecord] {
        let end = ContinuousClock.now + Self.timeout
        while true {
            do throws(KafkaError) {
                return try await reader.records(
                    topic, partition: partition, range: range.lowerBound..<range.upperBound + 1,
                    timeout: Self.question)
            } catch {
                switch error.name {
                case "_AUTO_OFFSET_RESET":
                    // The log begins after the first of them.
                    guard range.count > 1 else { return [] }
                    return try await read(partition, range.lowerBound + 1...range.upperBound)
                case "_TIMED_OUT" where ContinuousClock.now < end && !Task.isCancelled: continue
                default: throw error
                }
            }
        }
    }
}
