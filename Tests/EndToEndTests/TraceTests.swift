import Foundation
import Kafka
import Testing

extension EndToEnd {
    @Suite struct TraceTests {
        private static let trace = "4bf92f3577b34da6a3ce929d0e0e4736"

        @Test("The trace of a record is in the lines of the call and of the batch", .timeLimit(.minutes(3)))
        func traceIsCarried() async throws {
            try await Arena.with { arena in
                let brokers = try await arena.startBroker(topics: ["labelling:1"])
                let service = try await arena.startService()
                let setup = Arena.Setup(brokers: brokers, endpoint: service.url)
                let producer = try Producer(properties: ["bootstrap.servers": brokers])
                for (number, headers) in [
                    [], [RecordHeader("traceparent", Array("00-\(Self.trace)-00f067aa0ba902b7-01".utf8))], [],
                ]
                .enumerated() {
                    let line = #"{"source-ref":"s3://bucket/\#(number).jpg"}"#
                    let event = #"{"project":"boards","datasetType":"train","entry":\#(line)}"#
                    _ = try await producer.send(
                        topic: setup.topic, partition: 0, key: nil, value: Array(event.utf8), headers: headers)
                }
                await producer.close(deadline: .seconds(5))
                let worker = try arena.startWorker(
                    "worker", setup, ["--log-format", "json", "--log-level", "debug"])
                try await arena.ended(worker, within: .seconds(60))
                let lines = try worker.log.split(separator: "\n").compactMap {
                    try JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any]
                }
                for message in ["Call ended", "Batch settled"] {
                    let line = try #require(lines.last { $0["message"] as? String == message })
                    #expect(line["trace_id"] as? String == Self.trace, "\(line)")
                    #expect((line["token"] as? String)?.hasPrefix("lf1-") == true, "\(line)")
                }
            }
        }
    }
}
