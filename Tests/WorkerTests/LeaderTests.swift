import Kafka
import Settlement
import Testing
import Worker

@Suite(.timeLimit(.minutes(5)))
struct LeaderTests {
    /// A partition without a leader waits for one; its neighbours do not wait for it.
    @Test func aPartitionWithoutALeaderKeepsNoOtherWaiting() async throws {
        let arena = try Arena(partitions: 3, brokers: 2)
        try await Service.run(projects: ["boards"]) { service in
            for partition in 0..<3 {
                try await arena.publish(
                    (0..<20).map { line("\(partition)-\($0).jpg") }, project: "boards", partition: Int32(partition))
            }
            try arena.cluster.setLeader(topic: "events", partition: 1, broker: nil)
            let worker = arena.worker(service.client, untilEnd: false)
            try await running(worker) {
                try await arena.until {
                    $0[0].offset == 20 && $0[2].offset == 20 && worker.summary.partitions == [0, 2]
                }
                #expect(try await arena.committed()[1].offset == nil)
                try await arena.journal.wait(for: "Cannot read where to begin; trying again")
                try arena.cluster.setLeader(topic: "events", partition: 1, broker: 2)
                try await arena.until { $0[1].offset == 20 }
            }
            let history = try await service.history()
            #expect(history.lines == 60)
            #expect(!history.isAnyTwice)
            #expect(arena.journal.count("Giving up the place in the group") == 0)
        }
    }
}
