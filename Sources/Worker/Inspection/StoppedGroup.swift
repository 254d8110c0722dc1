package import Kafka
internal import Synchronization

/// Commits for a group that is stopped, as an operator does: offset and metadata of one partition.
///
/// Only members of a group may commit for it, so this joins; a group that has members shows by what it is not given.
package enum StoppedGroup {
    package enum Refusal: Error, Sendable, CustomStringConvertible {
        /// Others are members of the group: stop them first.
        case groupInUse
        /// The group did not take us in, or did not answer, in time.
        case noAnswer
        case failed(KafkaError)

        package var description: String {
            switch self {
            case .groupInUse: "the group has members: stop its workers first"
            case .noAnswer: "the group did not answer in time; nothing may have been changed"
            case .failed(let error): "\(error)"
            }
        }
    }

    /// - Parameters:
    ///   - commit: the partition's new offset, and the text beside it.
    ///   - kafka: librdkafka's properties.
    ///   - group: for whom.
    ///   - topic: the topic.
    ///   - partitionCount: of the topic.
    ///   - timeout: for all of it.
    /// - Throws: `Refusal`, or `KafkaError` where no client can be made.
    package static func commit(
        _ commit: OffsetCommit, kafka: KafkaProperties, group: String, topic: String, partitionCount: Int,
        timeout: Duration
    ) async throws {
        let outcome = Outcome()
        var kafka = kafka
        // It is a member for a moment only: neither under a worker's name, nor for as long as a worker may be silent.
        kafka["group.instance.id"] = nil
        if kafka["session.timeout.ms"] == nil {
            kafka["session.timeout.ms"] = "6000"
            kafka["heartbeat.interval.ms"] = "1000"
        }
        let consumer = try Consumer(
            topic: topic, group: group, properties: kafka,
            delegate: Delegate(
                commit: commit, partitionCount: partitionCount, outcome: outcome, deadline: .now + timeout),
            log: { _, _, _ in })
        consumer.start()
        let end = await consumer.finished()
        if let error = end.error { throw Refusal.failed(error) }
        if let refusal = outcome.refusal.withLock({ $0 }) { throw refusal }
    }

    private final class Outcome: Sendable {
        /// nil once the commit was acknowledged.
        let refusal = Mutex<Refusal?>(.noAnswer)
    }

    private final class Delegate: ConsumerDelegate {
        private let commit: OffsetCommit
        private let partitionCount: Int
        private let outcome: Outcome
        private let deadline: ContinuousClock.Instant

        init(commit: OffsetCommit, partitionCount: Int, outcome: Outcome, deadline: ContinuousClock.Instant) {
            self.commit = commit
            self.partitionCount = partitionCount
            self.outcome = outcome
            self.deadline = deadline
        }

        func partitionsAssigned(_ partitions: [Int32], by control: ConsumerControl) {
            guard partitions.count == partitionCount else { return finish(.groupInUse, control) }
            _ = control.commit([commit], deadline: deadline - .now)
        }

        func commitFinished(_ id: CommitID, _ outcome: CommitOutcome, by control: ConsumerControl) {
            switch outcome {
            case .resolved(let results): finish(results.compactMap(\.error).first.map(Refusal.failed), control)
            case .failed(let error): finish(.failed(error), control)
            case .timedOut: finish(.noAnswer, control)
            }
        }

        func turn(_ control: ConsumerControl) -> Duration {
            guard ContinuousClock.now < deadline else {
                control.close(deadline: .seconds(2))
                return .milliseconds(100)
            }
            return deadline - .now
        }

        private func finish(_ refusal: Refusal?, _ control: ConsumerControl) {
            outcome.refusal.withLock { $0 = refusal }
            control.close(deadline: .seconds(2))
        }

        func partitionsRevoked(_ partitions: [Int32], by control: ConsumerControl) { control.unassign(partitions) }
        func partitionsLost(_ partitions: [Int32], by control: ConsumerControl) {}
        func received(_ record: consuming Record, by control: ConsumerControl) {}
        func reachedEnd(partition: Int32, offset: Int64, by control: ConsumerControl) {}
        func consumerFailed(_ error: KafkaError, by control: ConsumerControl) {}
        func consumerEnds(by control: ConsumerControl) {}
    }
}
