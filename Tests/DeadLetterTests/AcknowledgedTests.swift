import Kafka
import Labelling
import Logging
import Synchronization
import Testing

@testable import Settlement
@testable import Worker

@Suite(.timeLimit(.minutes(5)))
struct AcknowledgedTests {
    /// A dead letter counts as settled once it is acknowledged, and the log may forget the original after that: so it has
    /// to be there, whatever befell the brokers meanwhile.
    @Test func aDeadLetterThatIsAcknowledgedIsThere() async throws {
        let cluster = try EmbeddedCluster(brokers: 3, topics: [("labelling", 1), ("labelling.dead-letters", 1)])
        let properties: KafkaProperties = [
            "bootstrap.servers": cluster.bootstrapServers, "reconnect.backoff.max.ms": "300",
            // A request for each letter: as many chances as there are letters.
            "batch.num.messages": "1", "linger.ms": "0",
        ]
        let producer = try Producer(properties: ["bootstrap.servers": cluster.bootstrapServers])
        let count = 400
        for number in 0..<count {
            await producer.enqueue(topic: "labelling", key: nil, value: Array("no event \(number)".utf8)) { _ in }
        }
        try #require(await producer.close(deadline: .seconds(30)))
        let reader = try ClusterReader(properties: properties)
        let records = try await reader.records("labelling", partition: 0, timeout: .seconds(30))
        try #require(records.count == count)

        let mailbox = Mailbox()
        let writer = DeadLetterWriter(
            configuration: WorkerConfiguration(
                kafka: properties, settlement: Settings(group: "pool", topic: "labelling")),
            mailbox: mailbox, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        let errors = try ["NOT_ENOUGH_REPLICAS", "REQUEST_TIMED_OUT", "NOT_LEADER_FOR_PARTITION", "_TRANSPORT"].map {
            try #require(KafkaError.code(named: $0))
        }
        for (round, start) in stride(from: 0, to: count, by: 20).enumerated() {
            cluster.pushRequestErrors(.produce, [errors[round % errors.count]])
            if round % 5 == 4 { try cluster.brokerDown() }
            await withTaskGroup(of: Void.self) { group in
                for record in records[start..<start + 20] {
                    group.addTask { await writer.write(request(record), [record.offset: record]) }
                }
                group.addTask {
                    do { try cluster.brokerUp() } catch { Issue.record("\(error)") }
                }
            }
        }
        await writer.close()
        cluster.clearRequestErrors(.produce)

        var acknowledged: Set<Int> = []
        for case .deadLettersFinished(let id, nil) in mailbox.take() { acknowledged.insert(id.sequence) }
        let letters = try await reader.records("labelling.dead-letters", partition: 0, timeout: .seconds(20))
        let written = Set(letters.compactMap { $0.text("linefeed-origin-offset").flatMap { Int($0) } })
        #expect(acknowledged.count == count, "librdkafka tries for longer than these faults last")
        #expect(acknowledged.isSubset(of: written), "missing: \(acknowledged.subtracting(written).sorted())")
    }

    private func request(_ record: StoredRecord) -> DeadLetterRequest {
        DeadLetterRequest(
            id: RequestID(lane: LaneReference(partition: 0, epoch: 1, lane: -1), sequence: Int(record.offset)),
            partition: 0, dataset: nil,
            letters: [DeadLetter(offset: record.offset, cause: .rejected(Rejection(.notJSON, "value", "no JSON")))])
    }
}
