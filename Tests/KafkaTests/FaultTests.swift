import Kafka
import Testing

@Suite(.timeLimit(.minutes(5)))
struct FaultTests {
    @Test func commitEndsAtItsDeadlineWhenTheBrokerIsSilent() async throws {
        let cluster = try EmbeddedCluster(topics: [("events", 1)])
        let member = try Member(cluster, topic: "events", group: "g", properties: ["session.timeout.ms": "60000"])
        try await member.holds(1)
        try cluster.brokerRTT(.seconds(5))
        let duration = try await ContinuousClock().measure {
            member.perform { control in
                _ = control.commit(
                    [OffsetCommit(partition: 0, offset: 1, metadata: "x")], deadline: .milliseconds(400))
            }
            try await member.journal.wait { !$0.commits.isEmpty }
        }
        guard case .timedOut = member.journal.events.commits[0].outcome else {
            Issue.record("\(member.journal.events.commits)")
            return
        }
        #expect(duration >= .milliseconds(400) && duration < .seconds(10))
        try cluster.brokerRTT(.zero)
        // The late answer is not told a second time, and the next commit works.
        member.perform { control in
            _ = control.commit([OffsetCommit(partition: 0, offset: 2, metadata: "y")], deadline: .seconds(60))
        }
        try await member.journal.wait { $0.commits.count == 2 }
        guard case .resolved(let results) = member.journal.events.commits[1].outcome else {
            Issue.record("\(member.journal.events.commits)")
            return
        }
        #expect(results.map(\.error) == [nil])
        _ = await member.close()
        #expect(member.journal.events.commits.count == 2)
    }

    @Test func logsAreFoundWhereTheirLeaderWentTo() async throws {
        let cluster = try EmbeddedCluster(brokers: 3, topics: [("events", 1)])
        let reader = try ClusterReader(properties: ["bootstrap.servers": cluster.bootstrapServers])
        for broker: Int32 in [1, 2, 1] {
            try cluster.setLeader(topic: "events", partition: 0, broker: broker)
            #expect(try await reader.watermarks(of: "events", timeout: .seconds(30)) == [Watermarks(low: 0, high: 0)])
        }
        let member = try Member(cluster, topic: "events", group: "g")
        try await member.holds(1)
        let journal = member.journal
        for broker: Int32 in [3, 1, 2] {
            try cluster.setLeader(topic: "events", partition: 0, broker: broker)
            member.perform { control in
                let found = try? control.watermarks(0, timeout: .seconds(30))
                journal.add(.note("\(broker): \(found as Any)"))
            }
            try await journal.wait {
                $0.contains(note: "\(broker): \(Watermarks(low: 0, high: 0) as Watermarks? as Any)")
            }
        }
        _ = await member.close()
    }

    @Test func askingForWatermarksKeepsItsTimeoutWhileBrokersAreAway() async throws {
        let cluster = try EmbeddedCluster(brokers: 3, topics: [("events", 1)])
        let reader = try ClusterReader(properties: ["bootstrap.servers": cluster.bootstrapServers])
        _ = try await reader.watermarks(of: "events", timeout: .seconds(30))
        let member = try Member(cluster, topic: "events", group: "g", properties: ["session.timeout.ms": "60000"])
        try await member.holds(1)
        try cluster.brokerDown()
        let journal = member.journal
        for round in 1...3 {
            member.perform { control in
                let start = ContinuousClock.now
                let found = try? control.watermarks(0, timeout: .milliseconds(700))
                // Who does not keep it never looks at the time.
                let isInTime = .now - start < .seconds(15)
                journal.add(.note("\(round): \(found == nil), in time: \(isInTime)"))
            }
            try await journal.wait { $0.contains(note: "\(round): true, in time: true") }
        }
        try cluster.brokerUp()
        #expect(try await reader.watermarks(of: "events", timeout: .seconds(30)) == [Watermarks(low: 0, high: 0)])
        _ = await member.close()
    }

    @Test func aCoordinatorThatDoesNotExistIsRefused() throws {
        let cluster = try EmbeddedCluster(brokers: 2, topics: [("events", 1)])
        #expect(throws: KafkaError.self) { try cluster.setCoordinator(group: "g", broker: 3) }
        try cluster.setCoordinator(group: "g", broker: 2)
    }

    @Test func refusedCommitIsToldPerPartition() async throws {
        let cluster = try EmbeddedCluster(topics: [("events", 1)])
        let member = try Member(cluster, topic: "events", group: "g")
        try await member.holds(1)
        // 12: OFFSET_METADATA_TOO_LARGE.
        cluster.pushRequestErrors(.offsetCommit, [12])
        member.perform { control in
            _ = control.commit([OffsetCommit(partition: 0, offset: 1, metadata: "x")], deadline: .seconds(30))
        }
        try await member.journal.wait { !$0.commits.isEmpty }
        switch member.journal.events.commits[0].outcome {
        case .resolved(let results): #expect(results[0].error?.code == 12)
        case .failed(let error): #expect(error.code == 12 && !error.isRetriable)
        case .timedOut: Issue.record("timed out")
        }
        _ = await member.close()
    }

    @Test func badCommitFailsWithoutBeingSent() async throws {
        let cluster = try EmbeddedCluster(topics: [("events", 1)])
        let member = try Member(cluster, topic: "events", group: "g")
        try await member.holds(1)
        member.perform { control in
            _ = control.commit([OffsetCommit(partition: 0, offset: 1, metadata: "a\0b")], deadline: .seconds(30))
        }
        try await member.journal.wait { !$0.commits.isEmpty }
        guard case .failed(let error) = member.journal.events.commits[0].outcome else {
            Issue.record("\(member.journal.events.commits)")
            return
        }
        #expect(error.name == "_INVALID_ARG")
        member.perform { _ = $0.commit([], deadline: .seconds(30)) }
        try await member.journal.wait { $0.commits.count == 2 }
        _ = await member.close()
    }

    /// An error comes in the shape of a record; here because the group's offset lies beyond the log.
    @Test func errorsAreNotRecords() async throws {
        let cluster = try EmbeddedCluster(topics: [("events", 1)])
        try await fill(cluster, "events", 0..<10)
        let first = try Member(cluster, topic: "events", group: "g")
        try await first.journal.wait { $0.records.count == 10 }
        first.perform { control in
            _ = control.commit([OffsetCommit(partition: 0, offset: 1000, metadata: "")], deadline: .seconds(30))
        }
        try await first.journal.wait { !$0.commits.isEmpty }
        _ = await first.close()

        let second = try Member(
            cluster, topic: "events", group: "g", properties: ["auto.offset.reset": "error"])
        try await second.journal.wait { events in
            events.contains { if case .failed(let error) = $0 { error.name == "_AUTO_OFFSET_RESET" } else { false } }
        }
        #expect(second.journal.events.records.isEmpty)
        #expect(await second.close().leftGroup)
    }

    @Test func whatIsNotThereIsNotAnswered() async throws {
        let cluster = try EmbeddedCluster(topics: [("events", 1)])
        let reader = try ClusterReader(properties: ["bootstrap.servers": cluster.bootstrapServers])
        #expect(try await reader.partitionCount(of: "events", timeout: .seconds(30)) == 1)
        #expect(try await reader.watermarks(of: "events", timeout: .seconds(30)) == [Watermarks(low: 0, high: 0)])
        #expect(try await reader.record("events", partition: 0, offset: 5, timeout: .seconds(30)) == nil)
    }

    @Test func closeKeepsItsDeadlineWithADeadCluster() async throws {
        let cluster = try EmbeddedCluster(topics: [("events", 1)])
        let member = try Member(
            cluster, topic: "events", group: "g",
            commitsOnRevoke: [OffsetCommit(partition: 0, offset: 3, metadata: "never arrives")])
        try await member.holds(1)
        try cluster.brokerDown()
        let duration = await ContinuousClock().measure {
            let end = await member.close(deadline: .seconds(1))
            #expect(end.error == nil)
        }
        // A dead cluster would keep it for a minute; what comes on top of the second is the machine's load.
        #expect(duration < .seconds(30))
        // Whatever was outstanding had its outcome, once.
        #expect(member.journal.events.commits.count == 1)
    }

    @Test func deadClusterGivesErrorsNotHangs() async throws {
        let cluster = try EmbeddedCluster(topics: [("events", 1)])
        let servers = cluster.bootstrapServers
        cluster.destroy()
        let reader = try ClusterReader(properties: ["bootstrap.servers": servers], group: "g")
        await #expect(throws: KafkaError.self) {
            try await reader.partitionCount(of: "events", timeout: .milliseconds(300))
        }
        await #expect(throws: KafkaError.self) {
            try await reader.records("events", partition: 0, timeout: .milliseconds(300))
        }
    }
}
