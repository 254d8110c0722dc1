import Foundation
import Kafka
import Testing
import Worker

@Suite(.timeLimit(.minutes(5)))
struct ListTests {
    @Test func filtersHoldTogether() async throws {
        try await Stage.with { stage in
            try await stage.write(.init(value: [1], reason: "missing-field", origin: (0, 1), refusedAt: 1000))
            try await stage.write(
                .init(
                    value: [2], reason: "update-failed", dataset: "boards/test", origin: (0, 2), refusedAt: 2000,
                    partition: 1))
            try await stage.write(
                .init(
                    key: Array("tiles/train".utf8), value: [3], reason: "update-failed", origin: (0, 3), refusedAt: 3000
                ))
            try await stage.write(.init(key: nil, value: [4], reason: "not-json", origin: (0, 4), refusedAt: 4000))

            #expect(try await stage.list().compactMap(\.facts.origin?.offset) == [1, 3, 4, 2])
            #expect(try await stage.list { $0.reasons = ["update-failed"] }.map(\.record.value) == [[3], [2]])
            #expect(
                try await stage.list { $0.reasons = ["update-failed", "not-json"] }.map(\.record.value) == [
                    [3], [4], [2],
                ])
            // By its dataset, or by what its key claims; a record without either is nobody's.
            #expect(try await stage.list { $0.project = "boards" }.map(\.record.value) == [[1], [2]])
            #expect(try await stage.list { $0.project = "tiles" }.map(\.record.value) == [[3]])
            #expect(
                try await stage.list {
                    $0.since = 2000
                    $0.until = 4000
                }.map(\.record.value) == [[3], [2]])
            #expect(
                try await stage.list {
                    $0.project = "boards"
                    $0.since = 1500
                }.map(\.record.value) == [[2]])
        }
    }

    @Test func copiesAreShownOnce() async throws {
        try await Stage.with { stage in
            try await stage.write(.init(value: [1], origin: (0, 1)))
            try await stage.write(.init(value: [2], origin: (1, 1)))
            try await stage.write(.init(value: [1], origin: (0, 1)))
            try await stage.write(.init(value: [1], origin: (0, 1), partition: 1))
            let letters = try await stage.list()
            #expect(letters.map(\.copies) == [3, 1])
            #expect(letters.map(\.facts.place.offset) == [0, 1])
            // The other topic's offset 1 is another record.
            try await stage.write(.init(value: [1], origin: (0, 1), originTopic: "elsewhere"))
            #expect(try await stage.list().count == 3)
        }
    }

    @Test func aCopyThatTheFilterAdmitsStandsForTheOthers() async throws {
        try await Stage.with { stage in
            try await stage.write(.init(value: [1], origin: (0, 1), refusedAt: 1000))
            try await stage.write(.init(value: [1], origin: (0, 1), refusedAt: 9000))
            let letters = try await stage.list { $0.since = 5000 }
            #expect(letters.map(\.facts.place.offset) == [1])
            #expect(letters.first?.copies == 2)
        }
    }

    @Test func nullsAndForeignRecordsAreTold() async throws {
        try await Stage.with { stage in
            try await stage.write(.init(key: nil, value: nil, own: [RecordHeader("mine", nil)], origin: (0, 7)))
            try await stage.write(.init(key: [], value: [0xff], reason: nil, origin: nil, refusedAt: nil))
            let letters = try await stage.list()
            try #require(letters.count == 2)
            #expect(letters[0].record.key == nil && letters[0].record.value == nil)
            #expect(letters[0].originalHeaders == [RecordHeader("mine", nil)])
            #expect(letters[1].facts.origin == nil && letters[1].facts.reason == nil)
            // It does not say when it was refused, so its own time counts.
            #expect(letters[1].facts.refusedAt == 1_600_000_000_000)
        }
    }

    @Test func aSenderCannotMakeItsDeadLetterLookLikeANote() async throws {
        try await Stage.with { stage in
            let own = ["linefeed-mark": "replayed", "linefeed-replayed-origin": "labelling/0/5"]
                .map { RecordHeader($0.key, Array($0.value.utf8)) }
            try await stage.write(.init(value: [1], own: own, origin: (0, 5)))
            let letters = try await stage.list()
            #expect(letters.map(\.isReplayed) == [false])
        }
    }

    @Test func emptyTopicHasNone() async throws {
        try await Stage.with { stage in
            let letters = try await stage.list()
            #expect(letters.isEmpty)
        }
    }

    // MARK: - The command

    @Test func commandPrintsJSONLines() async throws {
        try await Stage.with { stage in
            try await stage.write(
                .init(
                    key: nil, value: Array("no JSON \u{1B}[2J".utf8),
                    own: [RecordHeader("null", nil), RecordHeader("bytes", [0xff, 0])], origin: (2, 41)))
            try await stage.write(.init(key: [0xfe], value: nil, reason: "bad-value", origin: (1, 3)))
            let end = try await Program.run(["dead-letters", "list", "--json"] + stage.arguments)
            #expect(end.status == 0, "\(end.log)")
            let objects = try end.lines.map {
                try #require(try JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any])
            }
            try #require(objects.count == 2)
            let first = objects[0]
            #expect(first["key"] == nil && first["keyBase64"] == nil)
            #expect(first["value"] as? String == "no JSON \u{1B}[2J")
            #expect(first["refusedAt"] as? String == "2023-11-14T22:13:20.000Z")
            #expect(first["timestamp"] as? Int == 1_600_000_000_000)
            #expect(first["replayed"] as? Bool == false)
            let origin = try #require(first["origin"] as? [String: Any])
            #expect(origin["topic"] as? String == "labelling")
            #expect(origin["partition"] as? Int == 2 && origin["offset"] as? Int == 41)
            let headers = try #require(first["headers"] as? [[String: Any]])
            #expect(headers[0]["name"] as? String == "null" && headers[0].count == 1)
            #expect(headers[1]["valueBase64"] as? String == "/wA=")
            #expect(objects[1]["keyBase64"] as? String == "/g==")
            #expect(objects[1]["value"] == nil && objects[1]["valueBase64"] == nil)
        }
    }

    @Test func commandPrintsATable() async throws {
        try await Stage.with { stage in
            try await stage.write(.init(value: [1], dataset: "boards/train", origin: (2, 41)))
            try await stage.write(.init(value: [1], dataset: "boards/train", origin: (2, 41)))
            try await stage.write(.init(value: [2], reason: "esc\u{1B}[2J", origin: (1, 3), refusedAt: 5))
            let end = try await Program.run(
                ["dead-letters", "list", "--since", "2023-01-01"] + stage.arguments)
            #expect(end.status == 0, "\(end.log)")
            try #require(end.lines.count == 3)
            #expect(end.lines[0].hasPrefix("PLACE"))
            for part in ["0/0 ", "2023-11-14 22:13:20", "missing-field", "boards/train", "2/41", "x2", "because of"] {
                #expect(end.lines[1].contains(part), "\(end.lines[1])")
            }
            #expect(end.lines[2] == "1 in labelling.dead-letters, 0 of them replayed")
            let all = try await Program.run(["dead-letters", "list"] + stage.arguments)
            #expect(!all.output.contains("\u{1B}"))
            let wrong = try await Program.run(["dead-letters", "list", "--reason", "nonsense"] + stage.arguments)
            #expect(wrong.status == 64 && wrong.log.contains("missing-field"))
        }
    }
}
