import CRDKafka
import Synchronization

/// A Kafka cluster inside this process, on loopback TCP, for tests and the demo; other processes may connect.
///
/// It is librdkafka's mock: produce, fetch, groups, commits with metadata; no disk, about 5 MB kept
/// per partition (the oldest is dropped silently), no CreateTopics, any unknown topic that a client asks about comes
/// into being with 4 partitions, ports of its own choice.
///
/// It takes idempotent producers, but checks their sequence numbers in transactions only. So, with several requests on
/// their way, a record that it refused is reported as delivered (without an offset) once a later one is taken:
/// librdkafka relies on a broker's refusing that one too. `max.in.flight.requests.per.connection=1` avoids it.
///
/// Groups, as seen with librdkafka 2.0.2: the first join takes 3 s, and a member whose `session.timeout.ms` is 3 s or
/// less is forgotten while it waits, for minutes; later changes take `session.timeout.ms` − 1 s each. A dead member is
/// noticed by its session alone, `group.instance.id` changes nothing, and while members join every commit is refused
/// with REBALANCE_IN_PROGRESS. `session.timeout.ms=3500` with `heartbeat.interval.ms=300` makes take-over quickest.
///
/// `@unchecked Sendable`: the mock's functions take its lock or pass a message to its thread; `destroy` happens once.
package final class EmbeddedCluster: @unchecked Sendable {
    /// For the property `bootstrap.servers`, such as `127.0.0.1:40123,127.0.0.1:40124`.
    package let bootstrapServers: String
    private let handle: ClientHandle
    private let cluster: OpaquePointer
    private let brokerCount: Int32
    /// By broker, from 1 on.
    private let ports: [UInt16]
    private let isDestroyed = Atomic(false)

    /// Starts brokers numbered from 1, and creates topics with one replica.
    ///
    /// - Parameters:
    ///   - brokers: how many.
    ///   - topics: created before this returns.
    ///   - properties: for the handle that the brokers live under; hardly ever needed.
    ///   - log: takes librdkafka's log lines.
    /// - Throws: when a property is refused or a topic cannot be created.
    package init(
        brokers: Int = 1, topics: [(name: String, partitions: Int)], properties: KafkaProperties = [:],
        log: @escaping KafkaLog = { _, _, _ in }
    ) throws(KafkaError) {
        handle = try ClientHandle(RD_KAFKA_PRODUCER, properties, events: nil, log: log)
        guard let cluster = rd_kafka_mock_cluster_new(handle.raw, max(1, Int32(clamping: brokers))),
            let servers = rd_kafka_mock_cluster_bootstraps(cluster)
        else {
            throw KafkaError(RD_KAFKA_RESP_ERR__CRIT_SYS_RESOURCE, "start embedded cluster")
        }
        self.cluster = cluster
        brokerCount = max(1, Int32(clamping: brokers))
        bootstrapServers = String(cString: servers)
        ports = bootstrapServers.split(separator: ",").compactMap {
            $0.split(separator: ":").last.flatMap { UInt16($0) }
        }
        for topic in topics { try createTopic(topic.name, partitions: topic.partitions) }
    }

    deinit {
        destroy()
    }

    /// Stops the brokers; what they held is gone. A second call does nothing.
    package func destroy() {
        guard !isDestroyed.exchange(true, ordering: .acquiringAndReleasing) else { return }
        rd_kafka_mock_cluster_destroy(cluster)
        handle.destroy(within: .seconds(2))
    }

    package func createTopic(_ name: String, partitions: Int) throws(KafkaError) {
        try check("create topic \(name)") {
            rd_kafka_mock_topic_create($0, name, Int32(clamping: partitions), 1)
        }
    }

    // MARK: - Faults

    /// The next requests of this kind, to any broker, are answered with these errors, one each.
    ///
    /// - Parameters:
    ///   - apiKey: the request's number in the Kafka protocol, such as 8 for OffsetCommit.
    ///   - errors: broker error codes; −195 (`_TRANSPORT`) cuts the connection.
    package func pushRequestErrors(_ apiKey: RequestKind, _ errors: [Int32]) {
        guard !isDestroyed.load(ordering: .acquiring) else { return }
        let codes = errors.map { rd_kafka_resp_err_t(rawValue: $0) }
        rd_kafka_mock_push_request_errors_array(cluster, apiKey.rawValue, codes.count, codes)
    }

    /// Forgets errors pushed for requests of this kind.
    package func clearRequestErrors(_ apiKey: RequestKind) {
        guard !isDestroyed.load(ordering: .acquiring) else { return }
        rd_kafka_mock_clear_request_errors(cluster, apiKey.rawValue)
    }

    /// The next request of this kind to this broker is answered after `delay`, with `error` unless that is 0.
    /// From then on this broker no longer sees what `pushRequestErrors` queues for requests of this kind.
    package func pushDelay(
        _ apiKey: RequestKind, broker: Int32, _ delay: Duration, error: Int32 = 0
    ) throws(KafkaError) {
        try check("delay request") {
            linefeed_mock_push_error_rtt(
                $0, broker, apiKey.rawValue, rd_kafka_resp_err_t(rawValue: error), delay.timeoutMilliseconds)
        }
    }

    /// Cuts a broker's connections and refuses new ones; nil means all brokers. No leader moves by that.
    package func brokerDown(_ broker: Int32? = nil) throws(KafkaError) {
        try check("broker down") { cluster in
            for number in broker.map({ $0...$0 }) ?? 1...brokerCount { endListener(of: number, cluster) }
            return rd_kafka_mock_broker_set_down(cluster, broker ?? -1)
        }
    }

    /// Without this the mock can abort the process: see `listener.h`.
    private func endListener(of broker: Int32, _ cluster: OpaquePointer) {
        let index = Int(broker) - 1
        guard ports.indices.contains(index) else { return }
        let descriptor = linefeed_listener(ports[index])
        guard descriptor >= 0 else { return }
        let listener = linefeed_replace_listener(descriptor)
        guard listener >= 0 else { return }
        // Asks for nothing, since the broker is up; once it is answered the mock's thread no longer looks at what was there.
        _ = rd_kafka_mock_broker_set_up(cluster, broker)
        linefeed_end_listener(listener)
    }

    /// Lets a broker accept connections again; nil means all brokers.
    package func brokerUp(_ broker: Int32? = nil) throws(KafkaError) {
        try check("broker up") { rd_kafka_mock_broker_set_up($0, broker ?? -1) }
    }

    /// Every answer of this broker takes this long; nil means all brokers.
    package func brokerRTT(_ delay: Duration, broker: Int32? = nil) throws(KafkaError) {
        try check("broker round-trip time") {
            rd_kafka_mock_broker_set_rtt($0, broker ?? -1, delay.timeoutMilliseconds)
        }
    }

    /// Moves a partition's leader; nil leaves it without one.
    package func setLeader(topic: String, partition: Int32, broker: Int32?) throws(KafkaError) {
        try check("set leader") { rd_kafka_mock_partition_set_leader($0, topic, partition, broker ?? -1) }
    }

    /// Moves a group's coordinator.
    ///
    /// Take the old one down first, unless the group has no members or all are at work: a member that closes its
    /// connection while it waits to join or to sync, and asks elsewhere, is not noticed to have gone, and the mock aborts
    /// the process (librdkafka 2.0.2).
    ///
    /// - Throws: where there is no such broker: the mock would take it, and abort the process at the next question
    ///   for the coordinator (librdkafka 2.0.2).
    package func setCoordinator(group: String, broker: Int32) throws(KafkaError) {
        guard (1...brokerCount).contains(broker) else {
            throw KafkaError(RD_KAFKA_RESP_ERR__UNKNOWN_BROKER, "set coordinator")
        }
        try check("set coordinator") { rd_kafka_mock_coordinator_set($0, "group", group, broker) }
    }

    private func check(
        _ operation: String, _ body: (OpaquePointer) -> rd_kafka_resp_err_t
    ) throws(KafkaError) {
        guard !isDestroyed.load(ordering: .acquiring) else {
            throw KafkaError(RD_KAFKA_RESP_ERR__DESTROY, operation)
        }
        try KafkaError.check(body(cluster), operation)
    }

    /// A request's number in the Kafka protocol (https://kafka.apache.org/protocol#protocol_api_keys).
    package struct RequestKind: RawRepresentable, Hashable, Sendable {
        package let rawValue: Int16

        package init(rawValue: Int16) {
            self.rawValue = rawValue
        }

        package static let produce = RequestKind(rawValue: 0)
        package static let fetch = RequestKind(rawValue: 1)
        package static let listOffsets = RequestKind(rawValue: 2)
        package static let metadata = RequestKind(rawValue: 3)
        package static let offsetCommit = RequestKind(rawValue: 8)
        package static let offsetFetch = RequestKind(rawValue: 9)
        package static let findCoordinator = RequestKind(rawValue: 10)
        package static let joinGroup = RequestKind(rawValue: 11)
        package static let heartbeat = RequestKind(rawValue: 12)
        package static let leaveGroup = RequestKind(rawValue: 13)
        package static let syncGroup = RequestKind(rawValue: 14)

        private static let byName: KeyValuePairs = [
            "produce": produce, "fetch": fetch, "list-offsets": listOffsets, "metadata": metadata,
            "offset-commit": offsetCommit, "offset-fetch": offsetFetch, "find-coordinator": findCoordinator,
            "join-group": joinGroup, "heartbeat": heartbeat, "leave-group": leaveGroup, "sync-group": syncGroup,
        ]

        /// What `init(name:)` takes.
        package static var names: [String] { byName.map(\.key) }

        /// The kind of this name, such as `offset-commit`; nil where it is none of `names`.
        package init?(name: String) {
            guard let kind = Self.byName.first(where: { $0.key == name }) else { return nil }
            self = kind.value
        }
    }
}
