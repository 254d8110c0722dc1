import Kafka
import Testing

@Suite(.timeLimit(.minutes(2)))
struct AcknowledgementTests {
    /// Whatever a broker answers in between: a record that was reported as delivered is in the log, where it was said.
    @Test(
        "What was acknowledged is there",
        arguments: [
            "NOT_ENOUGH_REPLICAS", "NOT_LEADER_FOR_PARTITION", "REQUEST_TIMED_OUT", "_TRANSPORT",
        ])
    func acknowledgedIsThere(error: String) async throws {
        let code = try #require(KafkaError.code(named: error))
        let cluster = try EmbeddedCluster(brokers: 3, topics: [("letters", 1)])
        var acknowledged: [(value: String, delivery: Delivery)] = []
        for round in 0..<40 {
            let producer = try Producer(properties: ["bootstrap.servers": cluster.bootstrapServers])
            cluster.pushRequestErrors(.produce, [code, code])
            try await withThrowingTaskGroup(of: (String, Delivery).self) { group in
                for number in 0..<3 {
                    group.addTask {
                        let value = "\(round)/\(number)"
                        return (value, try await producer.send(topic: "letters", key: nil, value: Array(value.utf8)))
                    }
                }
                for try await delivery in group { acknowledged.append(delivery) }
            }
            await producer.close(deadline: .seconds(5))
        }
        cluster.clearRequestErrors(.produce)
        let reader = try ClusterReader(properties: ["bootstrap.servers": cluster.bootstrapServers])
        let log = try await reader.records("letters", partition: 0, timeout: .seconds(20))
        let values = log.map { String(decoding: $0.value ?? [], as: UTF8.self) }
        for (value, delivery) in acknowledged {
            #expect(values.contains(value), "\(value) was acknowledged at \(delivery) and is not there")
        }
        #expect(log.enumerated().allSatisfy { $0.offset == Int($0.element.offset) }, "the log has gaps")
    }
}
