import Kafka
import Testing

/// Puts `count` records with the values "0", "1", … into one partition.
func fill(_ cluster: EmbeddedCluster, _ topic: String, partition: Int32 = 0, _ numbers: Range<Int>) async throws {
    let producer = try Producer(properties: ["bootstrap.servers": cluster.bootstrapServers])
    for number in numbers {
        await producer.enqueue(
            topic: topic, partition: partition, key: nil, value: Array("\(number)".utf8),
            completion: { _ in })
    }
    #expect(await producer.close(deadline: .seconds(30)))
}

@Suite(.timeLimit(.minutes(5)))
struct ConsumerTests {
    @Test func recordsComeInOrderAndTheEndIsTold() async throws {
        let cluster = try EmbeddedCluster(topics: [("events", 2)])
        try await fill(cluster, "events", partition: 0, 0..<300)
        try await fill(cluster, "events", partition: 1, 0..<200)
        let member = try Member(cluster, topic: "events", group: "g")
        try await member.journal.wait { events in
            let ends = events.compactMap {
                if case .end(let partition, let offset) = $0 { [Int64(partition), offset] } else { nil }
            }
            return ends.contains([0, 300]) && ends.contains([1, 200])
        }
        for (partition, count) in [(Int32(0), Int64(300)), (1, 200)] {
            let offsets = member.journal.events.records.filter { $0.partition == partition }.map(\.offset)
            #expect(offsets == Array(0..<count))
        }
        let end = await member.close()
        #expect(end.leftGroup && end.isDestroyed && end.error == nil)
    }

    @Test func commitKeepsMetadataAndIsReadBack() async throws {
        let cluster = try EmbeddedCluster(topics: [("events", 2)])
        let member = try Member(cluster, topic: "events", group: "g")
        try await member.holds(2)
        let metadata = String(repeating: "TGVkZ2Vy", count: 480)
        member.perform { control in
            _ = control.commit(
                [OffsetCommit(partition: 1, offset: 17, metadata: metadata)], deadline: .seconds(30))
        }
        try await member.journal.wait { !$0.commits.isEmpty }
        guard case .resolved(let results) = member.journal.events.commits[0].outcome else {
            Issue.record("\(member.journal.events.commits)")
            return
        }
        #expect(results.count == 1 && results[0].partition == 1 && results[0].error == nil)
        let reader = try ClusterReader(
            properties: ["bootstrap.servers": cluster.bootstrapServers], group: "g")
        let committed = try await reader.committedOffsets(of: "events", timeout: .seconds(30))
        #expect(committed.map(\.offset) == [nil, 17])
        #expect(committed.map(\.metadata) == ["", metadata])
        #expect(committed.allSatisfy { $0.error == nil })
        _ = await member.close()
    }

    @Test func wakesEndTheWaitAtOnce() async throws {
        let cluster = try EmbeddedCluster(topics: [("events", 1)])
        let member = try Member(cluster, topic: "events", group: "g")
        try await member.holds(1)
        // A lost wake costs a second (the longest wait), so a hundred of them cannot pass for luck.
        var late = 0
        for round in 0..<100 {
            let duration = try await ContinuousClock().measure {
                member.perform { _ in member.journal.add(.note("\(round)")) }
                try await member.journal.wait { $0.contains(note: "\(round)") }
            }
            if duration > .milliseconds(900) { late += 1 }
        }
        #expect(late < 30)
        _ = await member.close()
    }
}
