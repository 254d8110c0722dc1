import Kafka
import Labelling
import Logging
import LookoutVision
import Testing

@testable import Settlement
@testable import Worker

@Suite(.timeLimit(.minutes(5)))
struct LostRecordTests {
    /// The API refused a line, and its record is no longer in the log: the line alone must do.
    @Test func aLineWithoutItsRecordIsAnEventWhenReplayed() async throws {
        try await Stage.with { stage in
            let line = #"{"source-ref":"s3://b/1.jpg"}"#
            let writer = DeadLetterWriter(
                configuration: WorkerConfiguration(
                    kafka: stage.properties, settlement: Settings(group: "pool", topic: Stage.topic)),
                mailbox: Mailbox(), logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
            let dataset = DatasetKey(project: "boards", type: .test)
            await writer.write(
                DeadLetterRequest(
                    id: RequestID(lane: LaneReference(partition: 1, epoch: 1, lane: 0), sequence: 1), partition: 1,
                    dataset: dataset,
                    letters: [
                        DeadLetter(
                            offset: 77, cause: .refused(.rolledBack, message: "no such image"), line: Array(line.utf8))
                    ]), [:])
            await writer.close()
            let letter = try #require(try await stage.list().first)
            #expect(letter.facts.dataset == "boards/test" && letter.facts.reason == "update-failed")
            #expect(letter.facts.origin == RecordPlace(topic: Stage.topic, partition: 1, offset: 77))
            #expect(try await stage.replay().sent == 1)
            let record = try #require(try await stage.records().first)
            #expect(record.partition == 1 && record.key == Array("boards/test".utf8))
            var decoder = EventDecoder()
            let value = try #require(record.value)
            let project = Array(try #require(record.text("linefeed-project")).utf8)
            let type = Array(try #require(record.text("linefeed-dataset-type")).utf8)
            value.withUnsafeBytes { value in
                project.withUnsafeBytes { project in
                    type.withUnsafeBytes { type in
                        guard
                            case .event(let event) = decoder.decode(
                                value: value, projectHeader: project, datasetTypeHeader: type)
                        else {
                            Issue.record("not an event")
                            return
                        }
                        #expect(event.key == dataset)
                    }
                }
            }
        }
    }
}
