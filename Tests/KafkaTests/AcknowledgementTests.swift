import Kafka
import Testing

@Suite(.timeLimit(.minutes(5)))
struct AcknowledgementTests {
    /// Whatever a broker answers in between: a record that was reported as delivered is in the log, where it was said.
    ///
    /// With several requests on their way there is one kind of report that the embedded cluster makes untrue: where a
    /// request fails and a later one succeeds, librdkafka takes the earlier one's records for stored, since a broker that
    /// checks the sequence numbers of an idempotent producer would have refused the later one otherwise. The embedded
    /// cluster checks them in transactions only. Such a report has no offset.
    @Test(
        "What was acknowledged is there",
        arguments: ["NOT_ENOUGH_REPLICAS", "NOT_LEADER_FOR_PARTITION", "REQUEST_TIMED_OUT", "_TRANSPORT"], [1, 5])
    func acknowledgedIsThere(error: String, requestsOnTheirWay: Int) async throws {
        let code = try #require(KafkaError.code(named: error))
        let cluster = try EmbeddedCluster(brokers: 3, topics: [("letters", 1)])
        var acknowledged: [(value: String, delivery: Delivery)] = []
        for round in 0..<10 {
            let producer = try Producer(properties: [
                "bootstrap.servers": cluster.bootstrapServers,
                "max.in.flight.requests.per.connection": "\(requestsOnTheirWay)",
                // A request for each record.
                "batch.num.messages": "1", "linger.ms": "0",
            ])
            // Connected: the requests go out at once.
            _ = try await producer.send(topic: "letters", key: nil, value: Array("\(round)/first".utf8))
            cluster.pushRequestErrors(.produce, [code])
            try await withThrowingTaskGroup(of: (String, Delivery).self) { group in
                for number in 0..<8 {
                    group.addTask {
                        let value = "\(round)/\(number)"
                        return (value, try await producer.send(topic: "letters", key: nil, value: Array(value.utf8)))
                    }
                }
                for try await delivery in group { acknowledged.append(delivery) }
            }
            await producer.close(deadline: .seconds(30))
        }
        cluster.clearRequestErrors(.produce)
        let reader = try ClusterReader(properties: ["bootstrap.servers": cluster.bootstrapServers])
        let log = try await reader.records("letters", partition: 0, timeout: .seconds(60))
        let values = log.map { String(decoding: $0.value ?? [], as: UTF8.self) }
        #expect(acknowledged.count == 80)
        for (value, delivery) in acknowledged where delivery.offset != nil || requestsOnTheirWay == 1 {
            #expect(values.contains(value), "\(value) was acknowledged at \(delivery) and is not there")
        }
        #expect(log.enumerated().allSatisfy { $0.offset == Int($0.element.offset) }, "the log has gaps")
    }
}
