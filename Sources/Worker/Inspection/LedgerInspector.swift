package import Kafka
package import Settlement

/// What a group's ledger says of one partition, beside what the log holds.
package struct PartitionState: Sendable {
    package enum Remembered: Sendable {
        /// No ledger stands beside the offset; a worker reads on from there.
        case nothing
        case ledger(Ledger)
        /// What stands there is not to be believed; a worker replays at-least-once.
        case unbelievable(LedgerError)
    }

    package var partition: Int32
    /// nil: the group never committed here.
    package var committed: Int64?
    package var log: Watermarks
    package var remembered: Remembered
    /// When the record at the committed offset was written, in milliseconds since the epoch; nil where there is none.
    package var oldestUnsettled: Int64?

    /// Records from the committed offset to the end of the log.
    package var lag: Int64 { max(0, log.high - max(committed ?? log.low, log.low)) }
}

/// Reads a group's ledgers from outside, without joining it.
package struct LedgerInspector: Sendable {
    private let reader: ClusterReader
    private let group: String
    private let topic: String

    private static let timeout: Duration = .seconds(10)

    package init(kafka: KafkaProperties, group: String, topic: String) throws(KafkaError) {
        reader = try ClusterReader(properties: kafka, group: group)
        self.group = group
        self.topic = topic
    }

    /// - Throws: `KafkaError`, also for a single partition that cannot be read: half a picture misleads.
    package func partitions() async throws(KafkaError) -> [PartitionState] {
        let logs = try await reader.watermarks(of: topic, timeout: Self.timeout)
        var states: [PartitionState] = []
        for committed in try await reader.committedOffsets(of: topic, timeout: Self.timeout) {
            if let error = committed.error { throw error }
            guard logs.indices.contains(Int(committed.partition)) else { continue }
            var state = PartitionState(
                partition: committed.partition, committed: committed.offset, log: logs[Int(committed.partition)],
                remembered: remembered(committed), oldestUnsettled: nil)
            if state.lag > 0 {
                state.oldestUnsettled = try await oldest(state)?.timestampMilliseconds
            }
            states.append(state)
        }
        return states
    }

    private func remembered(_ committed: CommittedOffset) -> PartitionState.Remembered {
        guard let offset = committed.offset, !committed.metadata.isEmpty else { return .nothing }
        let coder = LedgerCoder(group: group, topic: topic, partition: committed.partition)
        do throws(LedgerError) {
            return .ledger(try coder.decode(committed.metadata, committedAt: offset))
        } catch {
            return .unbelievable(error)
        }
    }

    /// The first record that is still there at or after the committed offset.
    private func oldest(_ state: PartitionState) async throws(KafkaError) -> StoredRecord? {
        let start = max(state.committed ?? state.log.low, state.log.low)
        return try await reader.firstRecord(
            topic, partition: state.partition, range: start..<state.log.high, timeout: Self.timeout)
    }
}
