import Kafka
import Worker

/// A cluster with a topic and its dead letters. Names of headers are written out: they are what other programs read.
final class Stage: Sendable {
    static let topic = "labelling"
    static let deadLetters = "labelling.dead-letters"

    let cluster: EmbeddedCluster
    let properties: KafkaProperties
    private let producer: Producer
    private let reader: ClusterReader

    init(partitions: Int = 3) throws {
        cluster = try EmbeddedCluster(
            topics: [(Self.topic, partitions), (Self.deadLetters, 2), ("elsewhere", 1)])
        properties = ["bootstrap.servers": cluster.bootstrapServers]
        producer = try Producer(properties: properties)
        reader = try ClusterReader(properties: properties)
    }

    /// Runs `body`, then ends the clients and the cluster.
    static func with(partitions: Int = 3, _ body: (Stage) async throws -> Void) async throws {
        let stage = try Stage(partitions: partitions)
        let outcome: Result<Void, any Error>
        do { outcome = .success(try await body(stage)) } catch { outcome = .failure(error) }
        await stage.producer.close(deadline: .seconds(2))
        stage.cluster.destroy()
        try outcome.get()
    }

    /// What tells one dead letter from another in these tests.
    struct Letter {
        var key: [UInt8]? = Array("boards/train".utf8)
        var value: [UInt8]?
        var own: [RecordHeader] = []
        var reason: String? = "missing-field"
        var dataset: String?
        var origin: (partition: Int32, offset: Int64)? = (0, 0)
        var originTopic = Stage.topic
        var refusedAt: Int64? = 1_700_000_000_000
        var partition: Int32 = 0

        var headers: [RecordHeader] {
            var pairs: [(String, String)] = []
            if let origin {
                pairs += [
                    ("linefeed-origin-topic", originTopic), ("linefeed-origin-partition", "\(origin.partition)"),
                    ("linefeed-origin-offset", "\(origin.offset)"), ("linefeed-group", "pool"),
                ]
            }
            if let reason { pairs += [("linefeed-reason", reason), ("linefeed-message", "because of \(reason)")] }
            if let dataset { pairs.append(("linefeed-dataset", dataset)) }
            if let refusedAt { pairs.append(("linefeed-refused-at", "\(refusedAt)")) }
            return own + pairs.map { RecordHeader($0.0, Array($0.1.utf8)) }
        }
    }

    @discardableResult
    func write(_ letter: Letter) async throws -> Delivery {
        try await producer.send(
            topic: Self.deadLetters, partition: letter.partition, key: letter.key, value: letter.value,
            headers: letter.headers, timestampMilliseconds: 1_600_000_000_000)
    }

    /// Many at once.
    func write(_ letters: [Letter]) async throws {
        for letter in letters {
            await producer.enqueue(
                topic: Self.deadLetters, partition: letter.partition, key: letter.key, value: letter.value,
                headers: letter.headers
            ) { _ in }
        }
        guard await producer.flush(deadline: .seconds(30)) else { throw NotDelivered() }
    }

    struct NotDelivered: Error {}

    @discardableResult
    func publish(
        _ topic: String = Stage.topic, partition: Int32, key: [UInt8]?, value: [UInt8]?, headers: [RecordHeader] = []
    ) async throws -> Delivery {
        try await producer.send(topic: topic, partition: partition, key: key, value: value, headers: headers)
    }

    func records(_ topic: String = Stage.topic) async throws -> [StoredRecord] {
        var records: [StoredRecord] = []
        for (partition, log) in try await logs(topic).enumerated() where log.high > log.low {
            records += try await reader.records(
                topic, partition: Int32(partition), range: log.low..<log.high, timeout: .seconds(30))
        }
        return records
    }

    func logs(_ topic: String = Stage.topic) async throws -> [Watermarks] {
        try await reader.watermarks(of: topic, timeout: .seconds(30))
    }

    func count(_ topic: String = Stage.topic) async throws -> Int64 {
        try await logs(topic).reduce(0) { $0 + $1.high - $1.low }
    }

    // MARK: - What is tested

    func deadLetterTopic() throws -> DeadLetterTopic {
        try DeadLetterTopic(kafka: properties, name: Self.deadLetters)
    }

    func list(_ change: (inout DeadLetterFilter) -> Void = { _ in }) async throws -> [StoredDeadLetter] {
        let topic = try deadLetterTopic()
        let wanted = try await topic.index(filter(change)).wanted
        var letters: [StoredDeadLetter] = []
        try await topic.forEachLetter(wanted) { letters.append($0) }
        return letters
    }

    func replay(
        to destination: String? = nil, _ change: (inout DeadLetterFilter) -> Void = { _ in }
    ) async throws -> DeadLetterReplay.Report {
        try await replaying(to: destination, change).run()
    }

    func replaying(
        to destination: String? = nil, _ change: (inout DeadLetterFilter) -> Void = { _ in }
    ) throws -> DeadLetterReplay {
        DeadLetterReplay(
            kafka: properties, topic: try deadLetterTopic(), filter: filter(change), destination: destination)
    }

    private func filter(_ change: (inout DeadLetterFilter) -> Void) -> DeadLetterFilter {
        var filter = DeadLetterFilter()
        change(&filter)
        return filter
    }

    /// Arguments that every command of the executable needs here.
    var arguments: [String] { ["--brokers", cluster.bootstrapServers, "--topic", Self.topic] }
}

extension StoredRecord {
    func text(_ header: String) -> String? {
        headers.last { $0.name == header }?.value.map { String(decoding: $0, as: UTF8.self) }
    }

    var valueText: String? { value.map { String(decoding: $0, as: UTF8.self) } }
}
