import DatasetClient
import Kafka
import Logging
import Settlement
import Testing
import Worker

@Suite(.timeLimit(.minutes(5)))
struct HaltTests {
    /// The worker itself, until it says that it halts; then another that may dead-letter.
    @Test func anUndecodableRecordIsHeldUntilSomebodyDecides() async throws {
        try await Stage.with(partitions: 1) { stage in
            try await stage.publish(partition: 0, key: nil, value: nil)
            try await stage.publish(partition: 0, key: nil, value: Array("no JSON".utf8))
            var configuration = WorkerConfiguration(
                kafka: stage.properties.overridden(by: [
                    "session.timeout.ms": "6000", "heartbeat.interval.ms": "300",
                ]), settlement: Settings(group: "pool", topic: Stage.topic))
            configuration.settlement.onInvalid = .halt
            let client = DatasetClient(
                endpoint: try Endpoint("http://127.0.0.1:9"), region: "us-east-1",
                credentials: CredentialChain([AnonymousCredentials()]))
            let worker = Worker(
                configuration: configuration, client: client,
                logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
            let reader = try ClusterReader(properties: stage.properties, group: "pool")
            func held() async throws -> [Int64?] {
                try await reader.committedOffsets(of: Stage.topic, timeout: .seconds(30)).map(\.offset)
            }
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await worker.run() }
                // Paced by the broker's answers. (The first commit only says where the group begins.)
                while try await held() != [1] || worker.summary.waiting[.halted] != 1 { try Task.checkCancellation() }
                group.cancelAll()
                try await group.waitForAll()
            }
            await client.shutdown()
            #expect(try await stage.count(Stage.deadLetters) == 0)
            #expect(try await held() == [1])

            let end = try await Program.run(
                [
                    "run", "--endpoint", "http://127.0.0.1:9", "--group", "pool", "--until-end", "--on-invalid",
                    "dead-letter", "--kafka", "session.timeout.ms=6000", "--kafka", "heartbeat.interval.ms=300",
                ] + stage.arguments)
            #expect(end.status == 0, "\(end.log)")
            #expect(try await stage.list().map(\.facts.origin?.offset) == [1])
        }
    }
}
