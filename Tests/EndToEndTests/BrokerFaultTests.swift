import Kafka
import Testing

extension EndToEnd {
    @Suite struct BrokerFaultTests {
        @Test("broker --faults does what it is told, and says what it does not understand", .timeLimit(.minutes(3)))
        func faults() async throws {
            try await Arena.with { arena in
                let cluster = try await arena.startFaultyCluster(topics: ["labelling:2"])
                for line in [
                    "rtt 20ms", "rtt 0 2", "errors offset-commit NOT_COORDINATOR 3", "errors fetch _TRANSPORT",
                    "delay offset-commit 1s 1", "clear offset-commit", "clear fetch", "coordinator pool 2",
                    "leader labelling 1 none", "leader labelling 1 3",
                ] {
                    try await cluster.inject(line)
                }
                for (line, complaint) in [
                    ("dwon 1", "error dwon is no fault"), ("rtt soon", "error soon is not a time"),
                    ("errors fetch TEAPOT", "error TEAPOT is no error"),
                    ("leader labelling", "error a partition is missing"),
                    ("up 1 2", "error 2 is one word too many"),
                    ("errors tea NOT_COORDINATOR", "error tea is no kind of request"),
                    ("errors fetch _TRANSPORT 0", "error a count is 1 to 10000"),
                ] {
                    #expect(try await cluster.answer(to: line) == complaint)
                }
                #expect(try await cluster.answer(to: "coordinator pool 99").hasPrefix("error set coordinator"))

                let reader = try ClusterReader(properties: ["bootstrap.servers": cluster.brokers])
                #expect(try await reader.watermarks(of: "labelling", timeout: .seconds(10)).count == 2)
                try await cluster.inject("down")
                await #expect(throws: KafkaError.self) {
                    try await reader.watermarks(of: "labelling", timeout: .milliseconds(500))
                }
                try await cluster.inject("up")
                #expect(try await reader.watermarks(of: "labelling", timeout: .seconds(20)).count == 2)
            }
        }
    }
}
