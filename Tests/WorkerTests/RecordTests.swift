import Kafka
import LookoutVision
import Settlement
import Testing
import Worker

/// From records to entries, dead letters and offsets.
@Suite(.timeLimit(.minutes(5)))
struct RecordTests {
    @Test func everyFormBecomesAnEntryAndTheRestDeadLetters() async throws {
        let arena = try Arena()
        try await Service.run(projects: ["boards"]) { service in
            try await arena.publish([line("envelope.jpg")], project: "boards")
            try await arena.publish(
                """
                {"project": "boards", "datasetType": "train", "image": "s3://photos/short.jpg", "label": "anomaly", \
                "labelledAt": "2026-11-23T10:00:00Z", "labeller": "job/1", "confidence": 0.5}
                """)
            try await arena.publish(
                line("header.jpg"),
                headers: [
                    RecordHeader("linefeed-project", Array("boards".utf8)),
                    RecordHeader("linefeed-dataset-type", Array("train".utf8)),
                ])
            try await arena.publish(nil, key: "gone")
            let bad = try await arena.publish(
                "{", key: "k", headers: [RecordHeader("trace", nil), RecordHeader("linefeed-reason", [0x78])],
                timestamp: 1_700_000_000_123)
            try await arena.publish(#"{"project": "boards", "datasetType": "train", "image": 5}"#)

            let worker = arena.worker(service.client)
            try await worker.run()

            let entries = try await service.entries("boards")
            #expect(entries.count == 3)
            for key in ["envelope", "short", "header"] {
                #expect(entries.count { $0.contains("s3://photos/\(key).jpg") } == 1)
            }
            let letters = try await arena.deadLetters()
            try #require(letters.count == 2)
            let letter = letters[0]
            #expect(letter.key == Array("k".utf8))
            #expect(letter.text == "{")
            #expect(letter.timestampMilliseconds == 1_700_000_000_123)
            #expect(letter.headers.contains(RecordHeader("trace", nil)))
            #expect(letter.headers.count { $0.name == "linefeed-reason" } == 1)
            #expect(letter.text("linefeed-reason") == "not-json")
            #expect(letter.text("linefeed-origin-topic") == "events")
            #expect(letter.text("linefeed-origin-partition") == "0")
            #expect(letter.text("linefeed-origin-offset") == String(bad))
            #expect(letter.text("linefeed-group") == "pool")
            #expect(letters[1].key == nil)
            #expect(letters[1].text("linefeed-field") == "label")

            let ledger = try #require(try await arena.ledger())
            #expect(ledger.offset == 6)
            #expect(ledger.entries.allSatisfy { $0.inFlight == nil })
            let counters = worker.summary.counters
            #expect(counters.eventsSettled == 3)
            #expect(counters.deadLetters == 2)
            #expect(counters.tombstones == 1)
        }
    }

    @Test func aRefusedLineIsDeadLetteredAsItsOriginalRecord() async throws {
        let arena = try Arena()
        try await Service.run(projects: ["boards"]) { service in
            try await arena.publish((0..<20).map { line("\($0).jpg") }, project: "boards")
            let value = """
                {"project": "boards", "datasetType": "train", "image": "s3://elsewhere/x.jpg", "label": "normal", \
                "labelledAt": "2026-11-23T10:00:00Z", "labeller": "job/1"}
                """
            let offset = try await arena.publish(
                value, key: "boards/train", headers: [RecordHeader("trace", nil)], timestamp: 1_700_000_000_456)
            try await arena.publish((20..<40).map { line("\($0).jpg") }, project: "boards")

            try await arena.worker(service.client).run()

            #expect(try await service.entries("boards").count == 40)
            let letters = try await arena.deadLetters()
            try #require(letters.count == 1)
            #expect(letters[0].text == value)
            #expect(letters[0].key == Array("boards/train".utf8))
            #expect(letters[0].timestampMilliseconds == 1_700_000_000_456)
            #expect(letters[0].headers.contains(RecordHeader("trace", nil)))
            #expect(letters[0].text("linefeed-origin-offset") == String(offset))
            #expect(letters[0].text("linefeed-dataset") == "boards/train")
            #expect(letters[0].text("linefeed-reason") == "update-failed")
            #expect(letters[0].text("linefeed-message")?.contains("bucket") == true)
            let history = try await service.history()
            #expect(history.lines == 40)
            #expect(!history.isAnyTwice)
            #expect(try await arena.ledger()?.offset == 41)
        }
    }

    @Test func aMissingDatasetIsCreated() async throws {
        let arena = try Arena()
        try await Service.run { service in
            try await arena.publish((0..<5).map { line("\($0).jpg") }, project: "unknown")
            var settings = arena.settings
            settings.onMissingDataset = .create
            try await arena.worker(service.client, settings: settings).run()
            #expect(try await service.entries("unknown").count == 5)
            #expect(try await service.history().lines == 5)
        }
    }

    @Test func theEventsOfAMissingDatasetAreDeadLettered() async throws {
        let arena = try Arena()
        try await Service.run(projects: ["boards"]) { service in
            try await arena.publish((0..<300).map { line("\($0).jpg") }, project: "unknown")
            try await arena.publish([line("known.jpg")], project: "boards")
            var settings = arena.settings
            settings.onMissingDataset = .deadLetter
            try await arena.worker(service.client, settings: settings).run()
            let letters = try await arena.deadLetters()
            #expect(letters.map { $0.text("linefeed-origin-offset") } == (0..<300).map { String($0) })
            #expect(letters.allSatisfy { $0.text("linefeed-reason") == "dataset-missing" })
            #expect(try await service.entries("boards").count == 1)
            #expect(try await arena.ledger()?.offset == 301)
        }
    }

    @Test func aLaneThatWaitsHoldsUpNoOther() async throws {
        let arena = try Arena()
        try await Service.run(projects: ["boards", "bottles"]) { service in
            try await arena.publish([line("first.jpg")], project: "late")
            try await arena.publish((0..<50).map { line("\($0).jpg") }, project: "boards")
            try await arena.publish((0..<50).map { line("\($0).jpg") }, project: "bottles")
            let worker = arena.worker(service.client)
            try await running(worker) {
                try await arena.until { _ in
                    worker.summary.counters.eventsSettled == 100 && worker.summary.waiting == [.datasetMissing: 1]
                }
                #expect(worker.summary.inFlight == 1)
                #expect(try await service.entries("boards").count == 50)
                #expect(try await service.entries("bottles").count == 50)
                // The watermark stays below the event that waits, and the ledger says how far the others are.
                try await arena.until { $0.first?.offset == 0 && $0.first?.metadata.isEmpty == false }
                try await Service.create("late", service.client)
                try await arena.until { $0.first?.offset == 101 }
            }
            #expect(try await service.entries("late") == [line("first.jpg")])
            let history = try await service.history()
            #expect(history.lines == 101)
            #expect(!history.isAnyTwice)
        }
    }
}
