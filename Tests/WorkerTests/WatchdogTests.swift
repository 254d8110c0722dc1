import Kafka
import Settlement
import Testing
import Worker

/// A partition that looks healthy because nothing is heard of it.
@Suite(.timeLimit(.minutes(5)))
struct WatchdogTests {
    @Test func aPartitionThatIsNotFetchedIsReported() async throws {
        let arena = try Arena(partitions: 2)
        try await Service.run(projects: ["boards"]) { service in
            var settings = arena.settings
            settings.stallAfter = .seconds(2)
            let worker = arena.worker(service.client, untilEnd: false, settings: settings)
            try await running(worker) {
                try await arena.until { $0.allSatisfy { $0.offset == 0 } }
                // NOT_LEADER_FOR_PARTITION, for as long as anybody asks; the log's end can be asked for all the same.
                arena.cluster.pushRequestErrors(.fetch, Array(repeating: 6, count: 10_000))
                try await arena.publish((0..<10).map { line("\($0).jpg") }, project: "boards", partition: 1)
                @Sendable func isReport(_ line: LogJournal.Line) -> Bool {
                    line.message == "A partition does not get on" && line.metadata["partition"] == "1"
                }
                try await arena.journal.wait { $0.contains { isReport($0) } }
                let report = try #require(arena.journal.lines.first { isReport($0) })
                #expect(report.metadata["why"] == "nothing is being fetched, though the log goes on to 10")
                #expect(report.metadata["offset"] == "0")
                let status = try await arena.status(of: worker) {
                    $0.partitions.count == 2 && $0.partitions[1].stalledSeconds != nil
                }
                #expect(status.partitions.map(\.lag) == [0, 10])
                #expect(status.partitions.map { $0.stalledSeconds != nil } == [false, true])
                #expect(status.partitions[1].holdup == "nothing is being fetched, though the log goes on to 10")

                arena.cluster.clearRequestErrors(.fetch)
                try await arena.until { $0[1].offset == 10 }
                let healed = try await arena.status(of: worker) {
                    $0.partitions.count == 2 && $0.partitions[1].lag == 0
                }
                #expect(healed.partitions[1].stalledSeconds == nil)
            }
        }
    }

    /// What is read and does not settle has always been reported; with the lane that holds it.
    @Test func aLaneThatHoldsItsPartitionIsNamed() async throws {
        let arena = try Arena()
        try await Service.run { service in
            var settings = arena.settings
            settings.stallAfter = .seconds(1)
            let worker = arena.worker(service.client, untilEnd: false, settings: settings)
            try await running(worker) {
                try await arena.publish([line("1.jpg")], project: "nowhere")
                try await arena.journal.wait(for: "A partition does not get on")
                // (Between two tries; while one is on its way, the lane is calling.)
                let status = try await arena.status(of: worker) {
                    $0.partitions.first?.holdup == "the lane waits: dataset-missing"
                }.partitions[0]
                #expect(status.holdupDataset == "nowhere/train")
                #expect(status.lanesWaiting == 1 && status.lanesInFlight == 0)
                let lane = try #require(status.lanes.first)
                #expect(lane.dataset == "nowhere/train" && lane.state == .waiting && lane.reason == "dataset-missing")
                #expect(lane.failures > 0 && lane.lines == 1 && lane.firstOffset == 0 && lane.cut == 0)
            }
        }
    }

    @Test func aLogWhoseEndCannotBeReadIsReportedToo() async throws {
        let arena = try Arena(brokers: 2)
        try await Service.run { service in
            var settings = arena.settings
            settings.stallAfter = .seconds(2)
            let worker = arena.worker(service.client, untilEnd: false, settings: settings)
            try await running(worker) {
                try await arena.until { $0[0].offset == 0 }
                try arena.cluster.setLeader(topic: "events", partition: 0, broker: nil)
                try await arena.journal.wait(for: "A partition does not get on")
                let report = try #require(arena.journal.lines.first { $0.message == "A partition does not get on" })
                #expect(report.metadata["why"]?.contains("where the log ends cannot be read") == true)
                try arena.cluster.setLeader(topic: "events", partition: 0, broker: 2)
                _ = try await arena.status(of: worker) {
                    !$0.partitions.isEmpty && $0.partitions[0].stalledSeconds == nil
                }
            }
        }
    }
}
