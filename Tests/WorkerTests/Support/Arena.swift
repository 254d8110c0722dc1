import DatasetClient
import Kafka
import Labelling
import LookoutVision
import Settlement
import Worker

/// A cluster with one topic, and what it takes to run workers on it.
struct Arena: Sendable {
    let cluster: EmbeddedCluster
    let topic = "events"
    let group = "pool"
    let journal = LogJournal()
    /// For what takes a moment; only a test that fails waits for so long.
    private static let patience: Duration = .seconds(30)
    private let producer: Producer
    private let reader: ClusterReader

    init(partitions: Int = 1, brokers: Int = 1) throws {
        cluster = try EmbeddedCluster(
            brokers: brokers, topics: [("events", partitions), ("events.dead-letters", 1)])
        producer = try Producer(properties: ["bootstrap.servers": cluster.bootstrapServers])
        reader = try ClusterReader(properties: ["bootstrap.servers": cluster.bootstrapServers], group: group)
    }

    /// Quick, and yet so that a busy machine does not cost a member its place: it would have to stand still for so long.
    var kafka: KafkaProperties {
        [
            "bootstrap.servers": cluster.bootstrapServers, "session.timeout.ms": "6000",
            "heartbeat.interval.ms": "200", "reconnect.backoff.max.ms": "500",
        ]
    }

    var settings: Settings {
        var settings = Settings(group: group, topic: topic)
        settings.linger = .milliseconds(20)
        settings.commitInterval = .milliseconds(50)
        return settings
    }

    /// By default one that drains what is in the topic now, then ends.
    func worker(
        _ client: DatasetClient, untilEnd: Bool = true, settings: Settings? = nil, metrics: WorkerMetrics? = nil,
        _ change: (inout WorkerConfiguration) -> Void = { _ in }
    ) -> Worker {
        var configuration = WorkerConfiguration(kafka: kafka, settlement: settings ?? self.settings)
        configuration.untilEnd = untilEnd
        change(&configuration)
        return Worker(configuration: configuration, client: client, logger: journal.logger, metrics: metrics)
    }

    // MARK: - Records

    /// Answers at which offset it came to lie.
    @discardableResult
    func publish(
        _ value: String?, partition: Int32 = 0, key: String? = nil, headers: [RecordHeader] = [],
        timestamp: Int64? = nil
    ) async throws -> Int64 {
        try await producer.send(
            topic: topic, partition: partition, key: key.map { Array($0.utf8) }, value: value.map { Array($0.utf8) },
            headers: headers, timestampMilliseconds: timestamp
        ).offset ?? -1
    }

    /// Many events in the envelope's form, in one go.
    func publish(_ lines: [String], project: String, partition: Int32 = 0) async throws {
        let key = DatasetKey(project: project, type: .train)
        for line in lines {
            let value = EventEncoder.encode(key, line: Array(line.utf8))
            await producer.enqueue(topic: topic, partition: partition, key: nil, value: value) { _ in }
        }
        guard await producer.flush(deadline: Self.patience) else { throw CancellationError() }
    }

    // MARK: - What came of it

    func deadLetters() async throws -> [StoredRecord] {
        try await reader.records("events.dead-letters", partition: 0, timeout: Self.patience)
    }

    func committed() async throws -> [CommittedOffset] {
        try await reader.committedOffsets(of: topic, timeout: Self.patience)
    }

    func ledger(_ partition: Int32 = 0) async throws -> Ledger? {
        guard let committed = try await committed().first(where: { $0.partition == partition }),
            let offset = committed.offset
        else { return nil }
        return try LedgerCoder(group: group, topic: topic, partition: partition)
            .decode(committed.metadata, committedAt: offset)
    }

    /// Asks the cluster, one round trip at a time, until it and the worker say so.
    func until(_ condition: ([CommittedOffset]) -> Bool) async throws {
        while !condition(try await committed()) { try Task.checkCancellation() }
    }

    /// The worker's status once it is as wanted; between two looks, a round trip to the cluster, if that answers.
    func status(of worker: Worker, _ condition: (WorkerStatus) -> Bool) async throws -> WorkerStatus {
        while true {
            let status = worker.status
            if condition(status) { return status }
            try Task.checkCancellation()
            do { _ = try await reader.committedOffsets(of: topic, timeout: .milliseconds(200)) } catch { continue }
        }
    }
}

/// A line of an image.
func line(_ key: String, bucket: String = "photos") -> String { #"{"source-ref":"s3://\#(bucket)/\#(key)"}"# }

extension StoredRecord {
    func text(_ header: String) -> String? {
        headers.last { $0.name == header }?.value.map { String(decoding: $0, as: UTF8.self) }
    }

    var text: String? { value.map { String(decoding: $0, as: UTF8.self) } }
}
