import Kafka
import Settlement
import Testing
import Worker

/// Commits whose fate is not known at once.
@Suite(.timeLimit(.minutes(5)))
struct CommitTests {
    @Test func aCommitThatIsNeverAnsweredLeadsToANewMembership() async throws {
        let arena = try Arena()
        try await Service.run(projects: ["boards"]) { service in
            var settings = arena.settings
            settings.commitDeadline = .milliseconds(400)
            let worker = arena.worker(service.client, untilEnd: false, settings: settings)
            try await running(worker) {
                try await arena.until { $0.first?.offset == 0 }
                try arena.cluster.pushDelay(.offsetCommit, broker: 1, .seconds(3))
                try await arena.publish((0..<30).map { line("\($0).jpg") }, project: "boards")
                try await arena.journal.wait(for: "Giving up the place in the group")
                try await arena.journal.wait(for: "Joining the group anew")
                try await arena.until { $0.first?.offset == 30 }
            }
            #expect(try await service.entries("boards").count == 30)
            let history = try await service.history()
            #expect(history.lines == 30)
            #expect(!history.isAnyTwice)
            #expect(worker.summary.counters.eventsSettled == 30)
            #expect(worker.summary.counters.batchesSettled >= 1)
        }
    }

    /// The client's session runs out behind a commit that hangs: librdkafka could send that commit again under its next
    /// generation, over the new owner's, were the client kept.
    @Test func partitionsLostBehindACommitEndTheMembership() async throws {
        let arena = try Arena()
        try await Service.run(projects: ["boards"]) { service in
            let worker = arena.worker(service.client, untilEnd: false)
            try await running(worker) {
                try await arena.until { $0.first?.offset == 0 }
                try arena.cluster.pushDelay(.offsetCommit, broker: 1, .seconds(20))
                try await arena.publish((0..<30).map { line("\($0).jpg") }, project: "boards")
                try await arena.journal.wait(for: "Lost partitions")
                try await arena.journal.wait(for: "Joining the group anew")
                try await arena.until { $0.first?.offset == 30 }
            }
            let reasons = arena.journal.lines.compactMap { $0.metadata["reason"] }
            #expect(reasons.contains("a commit was outstanding when its partitions were lost"))
            let history = try await service.history()
            #expect(history.lines == 30)
            #expect(!history.isAnyTwice)
        }
    }

    @Test func aRefusedCommitIsTriedAgain() async throws {
        let arena = try Arena()
        try await Service.run(projects: ["boards"]) { service in
            let worker = arena.worker(service.client, untilEnd: false)
            try await running(worker) {
                try await arena.until { $0.first?.offset == 0 }
                // REBALANCE_IN_PROGRESS
                arena.cluster.pushRequestErrors(.offsetCommit, [27, 27])
                try await arena.publish([line("1.jpg")], project: "boards")
                try await arena.until { $0.first?.offset == 1 }
            }
            #expect(arena.journal.count("Commit refused") == 2)
            #expect(arena.journal.count("Giving up the place in the group") == 0)
            #expect(try await service.history().lines == 1)
        }
    }

    @Test func aCommitThatLostItsAnswerIsReadBack() async throws {
        let arena = try Arena()
        try await Service.run(projects: ["boards"]) { service in
            // A session that outlasts the broken connections: this is about the commit alone.
            let worker = arena.worker(service.client, untilEnd: false) { $0.kafka["session.timeout.ms"] = "60000" }
            try await running(worker) {
                try await arena.until { $0.first?.offset == 0 }
                // More than librdkafka tries by itself.
                arena.cluster.pushRequestErrors(.offsetCommit, Array(repeating: -195, count: 500))
                try await arena.publish([line("1.jpg")], project: "boards")
                try await arena.journal.wait(for: "A commit has lost its answer; reading it back")
                arena.cluster.clearRequestErrors(.offsetCommit)
                try await arena.until { $0.first?.offset == 1 }
            }
            #expect(arena.journal.count("Giving up the place in the group") == 0)
            #expect(try await service.history().lines == 1)
        }
    }

    /// The group's coordinator goes from broker to broker while a member is at work: the old one answers that it is none,
    /// to commits, one of which was on its way, and to heartbeats. Nobody leaves, and nothing is lost or done twice.
    @Test func theCoordinatorMovesUnderAMember() async throws {
        let arena = try Arena(brokers: 3)
        try arena.cluster.setCoordinator(group: arena.group, broker: 1)
        try await Service.run(projects: ["boards"]) { service in
            // A session that no pause of the machine outlasts: whoever loses its place here has a fault.
            let worker = arena.worker(service.client, untilEnd: false) { $0.kafka["session.timeout.ms"] = "60000" }
            try await running(worker) {
                try await arena.until { $0.first?.offset == 0 }
                for (round, broker) in [Int32(2), 3, 1, 3].enumerated() {
                    let lines = (0..<10).map { line("\(round)-\($0).jpg") }
                    if round == 2 { try arena.cluster.pushDelay(.offsetCommit, broker: 3, .milliseconds(700)) }
                    async let published: Void = arena.publish(lines, project: "boards")
                    try arena.cluster.setCoordinator(group: arena.group, broker: broker)
                    try await published
                    try await arena.until { $0.first?.offset == Int64(round + 1) * 10 }
                }
                #expect(worker.status.membership.joined == 1)
            }
            let history = try await service.history()
            #expect(history.lines == 40)
            #expect(!history.isAnyTwice)
            #expect(arena.journal.count("Giving up the place in the group") == 0)
            #expect(arena.journal.count("Lost partitions") == 0)
        }
    }
}
