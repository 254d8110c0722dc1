import Kafka
import Labelling
import LookoutVision
import Testing

@testable import Settlement
@testable import Worker

/// What becomes of refused records where the topics are difficult.
@Suite(.timeLimit(.minutes(5)))
struct DeadLetterTests {
    private func headers(_ cause: DeadLetter.Cause, dataset: DatasetKey? = nil) -> DeadLetterHeaders {
        DeadLetterHeaders(
            letter: DeadLetter(offset: 7, cause: cause, line: nil), partition: 3, dataset: dataset, topic: "events",
            group: "pool", refusedAt: 0)
    }

    @Test func whatAnEarlierRefusalSaidIsReplaced() {
        let own = [
            RecordHeader("linefeed-project", [1]), RecordHeader("linefeed-field", [2]),
            RecordHeader("linefeed-dataset", [3]), RecordHeader("other", nil), RecordHeader("other", [4]),
        ]
        let all = headers(.refused(.validation, message: "no")).added(to: own)
        // The field that the earlier refusal named is not at fault now; the record's own headers stay, in order.
        #expect(!all.contains { $0.name == "linefeed-field" || $0.name == "linefeed-dataset" })
        #expect(Array(all.prefix(3)) == [own[0], own[3], own[4]])
    }

    @Test func aMessageOfAnyLengthFits() {
        let all = headers(.refused(.rolledBack, message: String(repeating: "é", count: 50_000))).added(to: [])
        #expect(all.first { $0.name == "linefeed-message" }?.value?.count == 2000)
    }

    @Test func originalsAreReadFromWhereverTheyStand() async throws {
        let arena = try Arena()
        for number in 0..<60 { try await arena.publish("\(number)", key: "k") }
        let originals = try OriginalRecords(
            configuration: WorkerConfiguration(kafka: arena.kafka, settlement: arena.settings),
            logger: arena.journal.logger)
        let offsets: [Int64] = [0, 1, 2, 17, 40, 59, 60, 99]
        let found = try await originals.records(partition: 0, offsets: offsets)
        #expect(found.keys.sorted() == [0, 1, 2, 17, 40, 59])
        #expect(found.allSatisfy { $0.value.text == String($0.key) })
    }

    @Test func aRecordThatTheTopicDoesNotTakeWholeIsWrittenWithoutItsValue() async throws {
        let arena = try Arena()
        try await Service.run { service in
            try await arena.publish("not json", key: "k")
            try await arena.publish("nor this", key: "k")
            // MSG_SIZE_TOO_LARGE, for the first batch of dead letters.
            arena.cluster.pushRequestErrors(.produce, [10])
            try await arena.worker(service.client).run()
            let letters = try await arena.deadLetters()
            #expect(Set(letters.map { $0.text("linefeed-origin-offset") }) == ["0", "1"])
            let cut = letters.filter { $0.value == nil }
            #expect(!cut.isEmpty)
            #expect(cut.allSatisfy { $0.text("linefeed-omitted-bytes") == "8" && $0.key == Array("k".utf8) })
            #expect(try await arena.ledger()?.offset == 2)
        }
    }

    @Test func deadLettersThatFailAreWrittenAgain() async throws {
        let arena = try Arena()
        try await Service.run { service in
            try await arena.publish("not json", key: "k")
            // TOPIC_AUTHORIZATION_FAILED, which librdkafka does not try again by itself.
            arena.cluster.pushRequestErrors(.produce, [29, 29])
            let worker = arena.worker(service.client)
            try await worker.run()
            #expect(try await arena.deadLetters().map(\.text) == ["not json"])
            #expect(arena.journal.count("Dead letters cannot be written") >= 1)
            #expect(worker.summary.counters.deadLetters == 1)
        }
    }
}
