import Synchronization
import Testing

@testable import Kafka

@Suite(.timeLimit(.minutes(5)))
struct PauseTests {
    /// Pauses and resumes all the way through a log; every record comes once.
    @Test func pauseAndResumeLoseNothing() async throws {
        let cluster = try EmbeddedCluster(topics: [("events", 1)])
        try await fill(cluster, "events", 0..<5000)
        let seen = Atomic(0)
        let member = try Member(
            cluster, topic: "events", group: "g", properties: ["fetch.message.max.bytes": "2000"],
            onRecord: { control in
                let count = seen.wrappingAdd(1, ordering: .relaxed).newValue
                if count % 500 == 0 {
                    control.pause([0])
                    control.pause([0])
                }
            })
        // A paused partition delivers nothing, so each stop is seen and lifted from here.
        var offset = 0
        while offset < 5000 {
            let target = min(offset + 500, 5000)
            try await member.journal.wait { $0.records.count >= target }
            offset = member.journal.events.records.count
            member.perform { control in
                control.resume([0])
                control.resume([0])
            }
        }
        try await member.journal.wait { $0.contains { if case .end(0, 5000) = $0 { true } else { false } } }
        #expect(member.journal.events.records.map(\.offset) == Array(0..<5000))
        let dropped = try await dropped(member)
        #expect(dropped == DroppedRecords())
        _ = await member.close()
    }

    /// Going back on purpose brings every record from there on once more, and none from before it after it.
    @Test func rewindReadsAgainFromThere() async throws {
        let cluster = try EmbeddedCluster(topics: [("events", 1)])
        try await fill(cluster, "events", 0..<3000)
        let member = try Member(
            cluster, topic: "events", group: "g", properties: ["fetch.message.max.bytes": "2000"])
        try await member.journal.wait { $0.records.count >= 1000 }
        member.perform { control in
            member.journal.add(.note("rewound: \(control.rewind(0, to: 100))"))
        }
        // The end may have been told before, too: what counts is the one after the way back.
        try await member.journal.wait { events in
            let back = events.firstIndex { if case .note("rewound: true") = $0 { true } else { false } }
            guard let back else { return false }
            return events[back...].contains { if case .end(0, 3000) = $0 { true } else { false } }
        }
        let offsets = member.journal.events.records.map(\.offset)
        let back = try #require(offsets.lastIndex(of: 100))
        #expect(Array(offsets[back...]) == Array(100..<3000))
        #expect(Array(offsets[..<back]) == Array(0..<Int64(back)))
        _ = await member.close()
    }

    /// Paused before its first record, a partition must not forget where it starts.
    @Test func pauseRightAfterAssignKeepsTheStart() async throws {
        let cluster = try EmbeddedCluster(topics: [("events", 1)])
        try await fill(cluster, "events", 0..<100)
        let first = try Member(cluster, topic: "events", group: "g")
        try await first.holds(1)
        first.perform { control in
            _ = control.commit([OffsetCommit(partition: 0, offset: 60, metadata: "")], deadline: .seconds(30))
        }
        try await first.journal.wait { !$0.commits.isEmpty }
        _ = await first.close()

        let second = try Member(
            cluster, topic: "events", group: "g",
            onAssigned: { control in
                control.pause([0])
            })
        try await second.holds(1)
        let paused = Mutex(false)
        second.perform { control in
            paused.withLock { $0 = control.isPaused(0) }
            second.journal.add(.note("paused"))
        }
        try await second.journal.wait { $0.contains(note: "paused") }
        #expect(paused.withLock { $0 })
        second.perform { $0.resume([0]) }
        try await second.journal.wait { $0.records.count >= 40 }
        #expect(second.journal.events.records.map(\.offset) == Array(60..<100))
        #expect(try await dropped(second) == DroppedRecords())
        _ = await second.close()
    }

    /// The application's pause survives a re-assignment inside librdkafka; ours must not leave it stuck.
    @Test func pausedPartitionRunsAfterReassignment() async throws {
        let cluster = try EmbeddedCluster(topics: [("events", 1)])
        try await fill(cluster, "events", 0..<10)
        let member = try Member(cluster, topic: "events", group: "g")
        try await member.journal.wait { $0.records.count == 10 }
        member.perform { $0.pause([0]) }
        // A second member makes the group re-assign; its leaving does so again.
        let other = try Member(cluster, topic: "events", group: "g")
        try await other.journal.wait { $0.contains { if case .assigned = $0 { true } else { false } } }
        _ = await other.close()
        try await member.holds(1)
        try await member.journal.wait { events in
            events.filter { if case .assigned(let partitions) = $0 { !partitions.isEmpty } else { false } }.count >= 2
        }
        try await fill(cluster, "events", 10..<20)
        try await member.journal.wait { $0.records.contains { $0.offset == 19 } }
        _ = await member.close()
    }

    /// A pause or a resume that librdkafka refuses is tried again for as long as it is wanted.
    @Test func whatFailsIsTriedAgain() {
        let start = ContinuousClock.now
        func isAssigned(_ partition: Int32) -> Bool { partition < 3 }
        var table = PauseTable()
        table.want([0, 1, 5])
        #expect(table.toPause(isAssigned) == [0, 1])
        table.paused([0])
        table.tried(now: start, isAssigned)
        #expect(table.retryAt == start + PauseTable.retryPause)
        #expect(table.toPause(isAssigned) == [1])
        table.paused([1])
        table.tried(now: start, isAssigned)
        #expect(table.retryAt == nil)
        // Resuming one that is not paused would send librdkafka back.
        table.unwant([0, 1, 2])
        #expect(table.toResume(isAssigned) == [0, 1])
        table.resumed([1])
        table.tried(now: start, isAssigned)
        #expect(table.toResume(isAssigned) == [0] && table.retryAt != nil)
        // Wanted again meanwhile: nothing is left to do.
        table.want([0])
        table.tried(now: start, isAssigned)
        #expect(table.toResume(isAssigned).isEmpty && table.retryAt == nil)
    }

    private func dropped(_ member: Member) async throws -> DroppedRecords {
        let result = Mutex(DroppedRecords())
        member.perform { control in
            let dropped = control.dropped
            result.withLock { $0 = dropped }
            member.journal.add(.note("counted"))
        }
        try await member.journal.wait { $0.contains(note: "counted") }
        return result.withLock { $0 }
    }
}
