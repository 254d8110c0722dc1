import CRDKafka
import Dispatch
import Testing

@testable import Kafka

/// Members that close while librdkafka waits for something else from them.
@Suite(.timeLimit(.minutes(5)))
struct ClosingTests {
    /// Takes over in 2.5 s: see `EmbeddedCluster`.
    private static func properties(_ strategy: String) -> KafkaProperties {
        [
            "partition.assignment.strategy": strategy, "session.timeout.ms": "3500", "heartbeat.interval.ms": "300",
        ]
    }

    /// librdkafka can lose what it is told while it leaves the group, and never answers it. Here it leaves at once, since it
    /// has not joined yet, so that a few dozen rounds are enough to lose an answer; a version that loses none is welcome.
    @Test func aLostAnswerHoldsNobody() async throws {
        let cluster = try EmbeddedCluster(topics: [("events", 1)])
        var destroyed = 0
        for round in 0..<1000 {
            let member = try Member(cluster, topic: "events", group: "g")
            let journal = member.journal
            member.perform { control in
                control.close(deadline: .seconds(30))
                // Where the moment lies depends on the machine.
                let due = ContinuousClock.now + .microseconds(round % 40)
                while .now < due {}
                control.rebalanceFailed(KafkaError(code: -1, name: "_FAIL", message: "no", operation: "rebalance"))
                journal.add(.note("goes on"))
            }
            try await journal.wait { $0.contains(note: "goes on") }
            let end = await member.consumer.finished()
            #expect(end.leftGroup)
            // What waits for the lost answer must not be freed; all the others must.
            if end.isDestroyed { destroyed += 1 } else if destroyed > 0 { return }
        }
        #expect(destroyed > 0)
    }

    /// The group gives something that the member has not heard of when it closes.
    @Test(arguments: ["range", "cooperative-sticky"])
    func anAssignmentOnItsWayKeepsNobody(strategy: String) async throws {
        let cluster = try EmbeddedCluster(topics: [("events", 4)])
        let first = try Member(cluster, topic: "events", group: "g", properties: Self.properties(strategy))
        try await first.holds(4)
        let second = try Member(cluster, topic: "events", group: "g", properties: Self.properties(strategy))
        // What it hears last before it joins again.
        try await first.journal.wait { events in
            events.contains {
                switch $0 {
                case .revoked: strategy == "range"
                case .assigned(let partitions): partitions.isEmpty
                default: false
                }
            }
        }
        let secondHolds = DispatchSemaphore(value: 0)
        first.perform { control in
            secondHolds.wait()
            control.close(deadline: .seconds(30))
        }
        do {
            defer { secondHolds.signal() }
            try await second.journal.wait { !$0.held.isEmpty }
        }
        let end = await first.consumer.finished()
        #expect(end.leftGroup && end.isDestroyed)
        try await second.holds(4)
        #expect(await second.close().leftGroup)
    }

    /// The group wants something back, and the member that closes has not given it up yet.
    @Test(arguments: ["range", "cooperative-sticky"])
    func closingDuringARevokeKeepsTheCommit(strategy: String) async throws {
        let cluster = try EmbeddedCluster(topics: [("events", 4)])
        let first = try Member(
            cluster, topic: "events", group: "g", properties: Self.properties(strategy),
            commitsOnRevoke: [OffsetCommit(partition: 0, offset: 3, metadata: "last words")])
        try await first.holds(4)
        try cluster.pushDelay(.offsetCommit, broker: 1, .seconds(1))
        let second = try Member(cluster, topic: "events", group: "g", properties: Self.properties(strategy))
        try await first.journal.wait { $0.contains(note: "revoke deferred") }
        let end = await first.close()
        #expect(end.leftGroup && end.isDestroyed)
        guard case .resolved(let results)? = first.journal.events.commits.first?.outcome else {
            Issue.record("\(first.journal.events)")
            return
        }
        // While members join, the mock refuses every commit: see `GroupTests`.
        #expect(results.allSatisfy { $0.error == nil || $0.error?.name == "REBALANCE_IN_PROGRESS" })
        let isStored = results.allSatisfy { $0.error == nil }
        #expect(first.journal.events.held.isEmpty)
        try await second.holds(4)
        second.perform { control in
            let found = try? control.committed([0], timeout: .seconds(30)).first
            second.journal.add(.note("found \(found?.metadata ?? "an error")"))
        }
        try await second.journal.wait { $0.contains(note: "found \(isStored ? "last words" : "")") }
        #expect(await second.close().leftGroup)
    }

    /// An eager group gives everything anew, if need be without asking for anything back.
    @Test func whatIsNotGivenAgainIsLost() async throws {
        let cluster = try EmbeddedCluster(topics: [("events", 4)])
        let member = try Member(cluster, topic: "events", group: "g", properties: Self.properties("range"))
        try await member.holds(4)
        member.perform { control in
            let given = PartitionList(topic: "events", [Int32(0), 2])
            control.rebalance(RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS, given.raw)
            withExtendedLifetime(given) {}
            member.journal.add(.note("holds \(control.assignment)"))
        }
        try await member.journal.wait { $0.contains(note: "holds [0, 2]") }
        #expect(member.journal.events.contains { if case .lost([1, 3]) = $0 { true } else { false } })
        let end = await member.close()
        #expect(end.leftGroup && end.isDestroyed)
    }

    /// Past the deadline nobody waits, and yet the client has its answer, and ends: one that was destroyed without would keep
    /// a processor busy as long as the process lives.
    @Test(arguments: ["range", "cooperative-sticky"])
    func aClientThatWasNotAnsweredEndsToo(strategy: String) async throws {
        let cluster = try EmbeddedCluster(topics: [("events", 1)])
        let journal = Journal()
        let end = try await {
            let client = ClientLife(journal)
            let member = try Member(
                cluster, topic: "events", group: "g", properties: Self.properties(strategy),
                commitsOnRevoke: [OffsetCommit(partition: 0, offset: 3, metadata: "never arrives")],
                log: { _, _, _ in client.goesOn() })
            try await member.holds(1)
            try cluster.brokerDown()
            return await member.close(deadline: .milliseconds(500))
        }()
        #expect(!end.leftGroup && !end.isDestroyed)
        // It may keep the commit until there is a broker to send it to.
        try cluster.brokerUp()
        try await journal.wait { $0.contains(note: "client ended") }
    }
}

/// Lives as long as what a client logs to, so as long as the client.
private final class ClientLife: Sendable {
    private let journal: Journal

    init(_ journal: Journal) { self.journal = journal }

    deinit { journal.add(.note("client ended")) }

    func goesOn() {}
}
