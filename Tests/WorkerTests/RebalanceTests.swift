import Kafka
import Settlement
import Testing
import Worker

/// Workers come and go while there is work.
@Suite(.timeLimit(.minutes(5)))
struct RebalanceTests {
    private static let partitions = 4
    private static let perPartition = 60

    @Test(arguments: ["range", "cooperative-sticky"])
    func aWorkerJoinsAndAnotherLeaves(strategy: String) async throws {
        let arena = try Arena(partitions: Self.partitions)
        let projects = (0..<Self.partitions).map { "project-\($0)" }
        try await Service.run(projects: projects) { service in
            var settings = arena.settings
            settings.batchLines = 7
            let workers = (0..<2).map { _ in
                arena.worker(service.client, untilEnd: false, settings: settings) {
                    $0.kafka["partition.assignment.strategy"] = strategy
                }
            }
            func publish(_ range: Range<Int>) async throws {
                for partition in 0..<Self.partitions {
                    let lines = range.map { line("\(partition)-\($0).jpg") }
                    try await arena.publish(lines, project: projects[partition], partition: Int32(partition))
                }
            }
            try await running(workers[0]) {
                try await arena.until { _ in workers[0].summary.partitions.count == Self.partitions }
                try await publish(0..<20)
                try await running(workers[1]) {
                    try await publish(20..<40)
                    try await arena.until { _ in
                        !workers[1].summary.partitions.isEmpty
                            && workers[0].summary.partitions.count + workers[1].summary.partitions.count
                                == Self.partitions
                    }
                    try await publish(40..<Self.perPartition)
                }
                // The second has left: the first takes everything back, and finishes it.
                try await arena.until { offsets in
                    offsets.allSatisfy { $0.offset == Int64(Self.perPartition) }
                        && workers[0].summary.partitions.count == Self.partitions
                }
            }
            for (partition, project) in projects.enumerated() {
                let expected = Set((0..<Self.perPartition).map { line("\(partition)-\($0).jpg") })
                #expect(Set(try await service.entries(project)) == expected)
            }
            let history = try await service.history()
            #expect(history.lines == Self.partitions * Self.perPartition)
            #expect(!history.isAnyTwice)
        }
    }
}
