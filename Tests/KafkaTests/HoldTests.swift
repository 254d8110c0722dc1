import CRDKafka
import Testing

@testable import Kafka

/// Records that wait in librdkafka, while what came of commits does not.
@Suite(.timeLimit(.minutes(5)))
struct HoldTests {
    /// A member that holds all but its first round of 10,000 records: a round takes 4096 at most.
    private func holder(_ cluster: EmbeddedCluster) async throws -> Member {
        try await fill(cluster, "events", 0..<10_000)
        let member = try Member(
            cluster, topic: "events", group: "g",
            onRecord: { control in if control.position(of: 0) == 1 { control.holdsRecords = true } })
        try await member.journal.wait { !$0.records.isEmpty }
        return member
    }

    private func hearsTheEnd(_ member: Member) async throws {
        try await member.journal.wait { $0.contains { if case .end(0, 10_000) = $0 { true } else { false } } }
    }

    private func position(of note: String, in events: [Event]) throws -> Int {
        try #require(events.firstIndex { if case .note(note) = $0 { true } else { false } })
    }

    @Test func whatCameOfACommitOvertakesRecords() async throws {
        let cluster = try EmbeddedCluster(topics: [("events", 1)])
        let member = try await holder(cluster)
        member.perform { control in
            member.journal.add(.note("held"))
            _ = control.commit([OffsetCommit(partition: 0, offset: 1, metadata: "")], deadline: .seconds(30))
        }
        try await member.journal.wait { !$0.commits.isEmpty }
        member.perform { control in
            member.journal.add(.note("let go"))
            control.holdsRecords = false
        }
        try await hearsTheEnd(member)
        let events = member.journal.events
        let held = try position(of: "held", in: events)
        let letGo = try position(of: "let go", in: events)
        #expect(Array(events[held...letGo]).records.isEmpty && Array(events[held...letGo]).commits.count == 1)
        #expect(Array(events[..<held]).records.count <= 4096)
        #expect(events.records.map(\.offset) == Array(0..<10_000))
        _ = await member.close()
    }

    /// What has come while the delegate had its turn is heard before the next record, however many there are.
    @Test func whatCameOfACommitDoesNotStandBehindRecords() async throws {
        let cluster = try EmbeddedCluster(topics: [("events", 1)])
        let member = try await holder(cluster)
        member.perform { control in
            control.holdsRecords = false
            member.journal.add(.note("committed"))
            _ = control.commit([OffsetCommit(partition: 0, offset: 1, metadata: "")], deadline: .seconds(30))
            let pause = Latch()
            while control.outstandingCommit != nil, rd_kafka_queue_length(control.results) == 0,
                !pause.wait(for: .milliseconds(1))
            {}
        }
        try await member.journal.wait { !$0.commits.isEmpty }
        let events = member.journal.events
        let note = try position(of: "committed", in: events)
        guard case .commit? = events[note...].dropFirst().first else {
            Issue.record("\(events[note...].dropFirst().prefix(3))")
            return
        }
        try await hearsTheEnd(member)
        _ = await member.close()
    }

    /// With nothing to read, what came of a commit ends the wait, of either kind: a hundred waits of a second each would be
    /// too long.
    @Test(.timeLimit(.minutes(1))) func whatCameOfACommitIsNotWaitedFor() async throws {
        let cluster = try EmbeddedCluster(topics: [("events", 1)])
        let member = try Member(cluster, topic: "events", group: "g")
        try await member.holds(1)
        for count in 1...200 {
            let isHolding = count % 2 == 0
            member.perform { control in
                control.holdsRecords = isHolding
                _ = control.commit([OffsetCommit(partition: 0, offset: 0, metadata: "")], deadline: .seconds(30))
            }
            try await member.journal.wait { $0.commits.count == count }
        }
        _ = await member.close()
    }

    /// To close is to hear of the group again.
    @Test func whoHoldsCanBeClosed() async throws {
        let cluster = try EmbeddedCluster(topics: [("events", 1)])
        try await fill(cluster, "events", 0..<100)
        let member = try Member(cluster, topic: "events", group: "g", onAssigned: { $0.holdsRecords = true })
        try await member.holds(1)
        let end = await member.close()
        #expect(end.leftGroup && end.error == nil && end.isDestroyed)
        #expect(member.journal.events.held.isEmpty)
    }
}
