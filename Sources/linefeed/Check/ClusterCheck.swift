internal import Kafka
internal import Settlement
internal import Synchronization

/// The cluster, the topic, the group and the dead-letter topic, as the worker's own client meets them.
struct ClusterCheck: Sendable {
    let properties: KafkaProperties
    let topic: String
    let group: String
    let deadLetterTopic: String
    let timeout: Duration

    /// In order; after the first that cannot be asked there are no more.
    func findings() async -> [Finding] {
        let complaints = Complaints()
        let reader: ClusterReader
        do throws(KafkaError) {
            reader = try ClusterReader(properties: properties, group: group) { _, _, message in
                complaints.add(message)
            }
        } catch {
            return [.bad("broker", "\(error.operation): \(error.message)")]
        }
        var findings: [Finding] = []
        let partitions: Int
        do throws(KafkaError) {
            partitions = try await reader.partitionCount(of: topic, timeout: timeout)
            findings.append(.good("broker", servers))
        } catch {
            guard error.isUnknownTopic || error.isAuthorization else { return [unreachable(error, complaints)] }
            findings.append(.good("broker", servers))
            findings.append(
                .bad(
                    "topic",
                    error.isAuthorization
                        ? "\(topic) may not be described: grant DESCRIBE and READ on it"
                        : "\(topic) does not exist: create it, or name another by --topic"))
            return findings
        }
        findings.append(await topicFinding(reader, partitions))
        findings.append(await groupFinding(reader))
        findings.append(await deadLetterFinding(reader))
        return findings
    }

    private var servers: String { properties["bootstrap.servers"] ?? "" }

    private func unreachable(_ error: KafkaError, _ complaints: Complaints) -> Finding {
        let reason = complaints.last ?? error.message
        return .bad(
            "broker", "\(servers): \(reason). Look at --brokers, and at security.protocol and sasl.* if it asks")
    }

    private func topicFinding(_ reader: ClusterReader, _ partitions: Int) async -> Finding {
        do throws(KafkaError) {
            let logs = try await reader.watermarks(of: topic, timeout: timeout)
            let records = logs.reduce(0) { $0 + max(0, $1.high - $1.low) }
            return .good("topic", "\(topic): \(partitions) partitions, \(records) records")
        } catch {
            return .bad(
                "topic", "\(topic): \(error.message). A worker needs READ on it, and a leader for each partition")
        }
    }

    private func groupFinding(_ reader: ClusterReader) async -> Finding {
        do throws(KafkaError) {
            let committed = try await reader.committedOffsets(of: topic, timeout: timeout)
            if let error = committed.lazy.compactMap(\.error).first { throw error }
            let started = committed.filter { $0.offset != nil }
            let strange = started.filter { state in
                guard let offset = state.offset, !state.metadata.isEmpty else { return false }
                let coder = LedgerCoder(group: group, topic: topic, partition: state.partition)
                do throws(LedgerError) { _ = try coder.decode(state.metadata, committedAt: offset) } catch {
                    return true
                }
                return false
            }
            guard strange.isEmpty else {
                let numbers = strange.map { "\($0.partition)" }.joined(separator: ", ")
                return .doubtful(
                    "group",
                    "\(group): what stands beside the offsets of partitions \(numbers) is no ledger of this group; they are "
                        + "read again at-least-once. See `linefeed ledger`")
            }
            return .good("group", "\(group): has committed \(started.count) of \(committed.count) partitions")
        } catch {
            return .bad("group", "\(group): \(error.message). A worker needs READ on the group")
        }
    }

    private func deadLetterFinding(_ reader: ClusterReader) async -> Finding {
        do throws(KafkaError) {
            let partitions = try await reader.partitionCount(of: deadLetterTopic, timeout: timeout)
            return .good(
                "dead-letter topic",
                "\(deadLetterTopic): \(partitions) partitions (that it may be written is not tried)")
        } catch {
            guard error.isUnknownTopic else { return .bad("dead-letter topic", "\(deadLetterTopic): \(error.message)") }
            return .doubtful(
                "dead-letter topic",
                "\(deadLetterTopic) does not exist: create it, unless the cluster creates topics by itself; without it "
                    + "datasets with refused records stand still")
        }
    }
}

/// What librdkafka says by itself while it tries; the last is what it fails of.
private final class Complaints: Sendable {
    private let latest = Mutex<String?>(nil)

    func add(_ message: String) { latest.withLock { $0 = message } }

    var last: String? { latest.withLock { $0 } }
}
