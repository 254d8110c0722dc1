import Testing

@testable import Kafka

@Suite(.timeLimit(.minutes(5)))
struct GroupTests {
    @Test func membersShareAndTakeOver() async throws {
        let cluster = try EmbeddedCluster(topics: [("events", 4)])
        let first = try Member(cluster, topic: "events", group: "g")
        try await first.holds(4)
        let second = try Member(cluster, topic: "events", group: "g")
        try await second.holds(2)
        try await first.holds(2)
        #expect(first.journal.events.held.isDisjoint(with: second.journal.events.held))

        let end = await second.close()
        #expect(end.leftGroup && end.isDestroyed)
        #expect(second.journal.events.held.isEmpty)
        try await first.holds(4)
        _ = await first.close()
    }

    @Test func cooperativeMembersShareToo() async throws {
        let cluster = try EmbeddedCluster(topics: [("events", 4)])
        let properties: KafkaProperties = ["partition.assignment.strategy": "cooperative-sticky"]
        let first = try Member(cluster, topic: "events", group: "g", properties: properties)
        try await first.holds(4)
        let second = try Member(cluster, topic: "events", group: "g", properties: properties)
        try await second.holds(2)
        try await first.holds(2)
        #expect(first.journal.events.held.isDisjoint(with: second.journal.events.held))
        _ = await second.close()
        try await first.holds(4)
        _ = await first.close()
    }

    /// The revoke waits for the commit's outcome, so the next owner starts from it.
    ///
    /// While members join, the mock refuses every commit with REBALANCE_IN_PROGRESS, which a real broker does only
    /// once all have joined: both outcomes are right, as long as they come before the next owner reads.
    @Test func revokeWaitsForTheCommit() async throws {
        let cluster = try EmbeddedCluster(topics: [("events", 2)])
        for partition in [Int32(0), 1] { try await fill(cluster, "events", partition: partition, 0..<10) }
        let first = try Member(
            cluster, topic: "events", group: "g",
            commitsOnRevoke: [
                OffsetCommit(partition: 0, offset: 4, metadata: "zero"),
                OffsetCommit(partition: 1, offset: 6, metadata: "one"),
            ])
        try await first.holds(2)
        try await first.journal.wait { $0.records.count == 20 }
        let second = try Member(cluster, topic: "events", group: "g")
        try await second.holds(1)
        let outcomes = first.journal.events.commits.map(\.outcome)
        guard case .resolved(let results)? = outcomes.first else {
            Issue.record("\(outcomes)")
            return
        }
        #expect(results.allSatisfy { $0.error == nil || $0.error?.name == "REBALANCE_IN_PROGRESS" })
        let isStored = results.allSatisfy { $0.error == nil }
        let start = !isStored ? 0 : second.journal.events.held.contains(0) ? 4 : 6
        try await second.journal.wait { $0.records.count == 10 - start }
        #expect(second.journal.events.records.map(\.offset) == (Int64(start)..<10).map { $0 })

        let order = first.journal.events.compactMap { event -> String? in
            switch event {
            case .note(let note): note
            case .commit: "resolved"
            case .revoked: "revoked"
            default: nil
            }
        }
        #expect(order.prefix(3) == ["revoke deferred", "resolved", "revoked"])
        _ = await first.close()
        _ = await second.close()
    }

    /// A member that the cluster does not hear from hears that its partitions are lost, and gets them anew.
    @Test func silenceLosesPartitions() async throws {
        let cluster = try EmbeddedCluster(topics: [("events", 1)])
        let member = try Member(cluster, topic: "events", group: "g")
        try await member.holds(1)
        try cluster.brokerDown()
        try await member.journal.wait { $0.contains { if case .lost([0]) = $0 { true } else { false } } }
        try cluster.brokerUp()
        try await member.holds(1)
        try await fill(cluster, "events", 0..<5)
        try await member.journal.wait { $0.records.map(\.offset) == [0, 1, 2, 3, 4] }
        #expect(await member.close().leftGroup)
    }

    /// librdkafka could not join, and asks for everything to be let go.
    @Test func aFailedRebalanceLosesPartitions() async throws {
        let cluster = try EmbeddedCluster(topics: [("events", 2)])
        let member = try Member(cluster, topic: "events", group: "g")
        try await member.holds(2)
        member.perform { control in
            control.rebalanceFailed(KafkaError(code: -1, name: "_FAIL", message: "no", operation: "rebalance"))
            member.journal.add(.note("holds \(control.assignment)"))
        }
        try await member.journal.wait { $0.contains(note: "holds []") }
        #expect(member.journal.events.held.isEmpty)
        #expect(member.journal.events.contains { if case .lost([0, 1]) = $0 { true } else { false } })
        _ = await member.close()
    }

    @Test func fencedMemberEndsWithTheError() async throws {
        let cluster = try EmbeddedCluster(topics: [("events", 1)])
        let member = try Member(
            cluster, topic: "events", group: "g", properties: ["group.instance.id": "worker-0"])
        try await member.holds(1)
        // 82: FENCED_INSTANCE_ID.
        cluster.pushRequestErrors(.heartbeat, [82])
        let end = await member.consumer.finished()
        #expect(end.error?.name == "FENCED_INSTANCE_ID" && end.error?.isFatal == true)
        #expect(end.isDestroyed)
        // Whoever asks later gets the same answer, and a wake finds nobody.
        member.consumer.wake()
        #expect(await member.consumer.finished().error == end.error)
        #expect(
            member.journal.events.contains { if case .failed(let error) = $0 { error.isFatal } else { false } })
    }

    @Test func closeDoesNotWaitForAnAssignment() async throws {
        let cluster = try EmbeddedCluster(topics: [("events", 1)])
        let member = try Member(cluster, topic: "events", group: "g", assigns: .never)
        try await member.journal.wait { !$0.held.isEmpty }
        let end = await member.close(deadline: .seconds(20))
        #expect(end.leftGroup && end.isDestroyed)
    }

    /// Closing revokes too, and a commit made then still gets through.
    @Test func closeLetsTheLastCommitThrough() async throws {
        let cluster = try EmbeddedCluster(topics: [("events", 1)])
        let member = try Member(
            cluster, topic: "events", group: "g",
            commitsOnRevoke: [OffsetCommit(partition: 0, offset: 3, metadata: "last words")])
        try await member.holds(1)
        let end = await member.close()
        #expect(end.leftGroup && end.isDestroyed)
        let reader = try ClusterReader(properties: ["bootstrap.servers": cluster.bootstrapServers], group: "g")
        let committed = try await reader.committedOffsets(of: "events", timeout: .seconds(30))
        #expect(committed.map(\.offset) == [3] && committed.map(\.metadata) == ["last words"])
    }
}
