import Kafka
import Testing

/// A partition without a leader, as after the loss of all its replicas: what is known of it must not stay wrong once it
/// has one again, and its neighbours must not wait for it.
@Suite(.timeLimit(.minutes(5)))
struct LeaderTests {
    @Test func aLeaderThatComesLateIsFound() async throws {
        let cluster = try EmbeddedCluster(brokers: 2, topics: [("events", 3)])
        try cluster.setLeader(topic: "events", partition: 1, broker: nil)
        // A client that has never seen the partition with a leader.
        let reader = try ClusterReader(properties: ["bootstrap.servers": cluster.bootstrapServers])
        for _ in 0..<3 {
            let error = await #expect(throws: KafkaError.self) {
                try await reader.watermarks(of: "events", partition: 1, timeout: .seconds(10))
            }
            #expect(error?.name == "LEADER_NOT_AVAILABLE")
        }
        #expect(
            try await reader.watermarks(of: "events", partition: 0, timeout: .seconds(30))
                == Watermarks(low: 0, high: 0)
        )
        // Not to be mistaken for one that there is not.
        let error = await #expect(throws: KafkaError.self) {
            try await reader.watermarks(of: "events", partition: 3, timeout: .seconds(10))
        }
        #expect(error?.name == "_UNKNOWN_PARTITION")
        try cluster.setLeader(topic: "events", partition: 1, broker: 2)
        #expect(
            try await reader.watermarks(of: "events", partition: 1, timeout: .seconds(30))
                == Watermarks(low: 0, high: 0)
        )
    }

    /// Partitions are started as they become known; those that come later disturb none of the others.
    @Test(arguments: ["range", "cooperative-sticky"])
    func partitionsAreStartedOneAfterTheOther(strategy: String) async throws {
        let cluster = try EmbeddedCluster(topics: [("events", 3)])
        for partition in 0..<3 { try await fill(cluster, "events", partition: Int32(partition), 0..<200) }
        let member = try Member(
            cluster, topic: "events", group: "g",
            properties: ["partition.assignment.strategy": strategy, "fetch.message.max.bytes": "2000"], assigns: .later)
        try await member.holds(3)
        member.perform { $0.assign([(1, 50)]) }
        try await member.journal.wait { $0.records.count == 150 }
        member.perform { control in
            control.pause([1])
            control.assign([(1, 0), (2, 100), (7, 0)])
            member.journal.add(.note("paused: \(control.isPaused(1)), \(control.assignment)"))
        }
        try await member.journal.wait { $0.records.count == 250 }
        #expect(member.journal.events.contains(note: "paused: true, [1, 2]"))
        try await fill(cluster, "events", partition: 1, 200..<220)
        member.perform { $0.assign([(0, ConsumerControl.beginning)]) }
        try await member.journal.wait { $0.records.count == 450 }
        member.perform { $0.resume([1]) }
        try await member.journal.wait { $0.records.count == 470 }
        for (partition, offsets) in [(Int32(0), 0..<200), (1, 50..<220), (2, 100..<200)] {
            let read = member.journal.events.records.filter { $0.partition == partition }.map(\.offset)
            #expect(read == offsets.map { Int64($0) })
        }
        #expect(await member.close().leftGroup)
    }

    /// A rebalance comes before all of them were started: nobody is left waiting.
    @Test(arguments: ["range", "cooperative-sticky"])
    func partitionsThatWereNeverStartedAreGivenUp(strategy: String) async throws {
        let cluster = try EmbeddedCluster(topics: [("events", 4)])
        let properties: KafkaProperties = ["partition.assignment.strategy": strategy]
        let first = try Member(cluster, topic: "events", group: "g", properties: properties, assigns: .later)
        try await first.holds(4)
        first.perform { $0.assign([(1, 0)]) }
        let second = try Member(cluster, topic: "events", group: "g", properties: properties)
        try await second.holds(2)
        let errors = first.journal.events.compactMap { if case .failed(let error) = $0 { error } else { nil } }
        #expect(errors.isEmpty)
        #expect(await first.close().leftGroup)
        try await second.holds(4)
        #expect(await second.close().leftGroup)
    }
}
