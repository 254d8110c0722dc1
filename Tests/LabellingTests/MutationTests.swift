import Foundation
import LookoutVision
import Testing

@testable import Labelling

/// Valid records, damaged at random, against Foundation's parser as the referee.
@Suite("Damaged records")
struct MutationTests {
    /// SplitMix64: the same damage in every run.
    private struct Generator: RandomNumberGenerator {
        var state: UInt64

        mutating func next() -> UInt64 {
            state &+= 0x9E37_79B9_7F4A_7C15
            var z = state
            z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
            z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
            return z ^ (z >> 31)
        }
    }

    private static let seeds: [[UInt8]] =
        ([
            #"{"project":"boards","datasetType":"train","entry":{"source-ref":"s3://b/k.jpg","n":[1e5,-0.10,{}],"t":true}}"#,
            #" {"x":[null,"\ud83d\ude00\"\\"],"entry" : {"a": "\u00e9 é😀" , "source-ref" : "s3:\/\/b\/k" } ,"datasetType":"test","project":"p_1"} "#,
            ##"{"project":"p","datasetType":"test","image":"s3://b/k","label":"anomaly","labelledAt":"2026-11-23T10:00:00Z","labeller":"j/1","confidence":0.97,"mask":"s3://b/m.png","classes":[{"name":"x","color":"#ff0000"}]}"##,
            #"{"project":"p","datasetType":"test","image":"s3://b/k","label":null}"#,
        ]
        + Manifests.lines("test.manifest").prefix(4).map {
            #"{"project": "p", "datasetType": "train", "entry": \#($0)}"#
        })
        .map { Array($0.utf8) }

    private static let fragments: [[UInt8]] =
        [
            "{", "}", "[", "]", ":", ",", "\"", "\\", "\\\"", "\\u", "\\ud800", "\\u0041", " ", "\n", "\t", "0", "-",
            ".", "e9", "1e999", "true",
            "null", "\u{0C}", "\0", "é", "\u{FEFF}", "\"entry\":", "\"source-ref\":", "\"label\":",
            "\"project\":\"q\",", "{}", "[[", "s3://", "/*",
        ].map { Array($0.utf8) } + [[0xFF], [0xC3], [0xED, 0xA0, 0x80], [0x80]]

    private static func damage(_ record: [UInt8], _ random: inout Generator) -> [UInt8] {
        var record = record
        for _ in 0..<Int.random(in: 1...3, using: &random) {
            let position = Int.random(in: 0...record.count, using: &random)
            let end = min(record.count, position + Int.random(in: 1...8, using: &random))
            switch Int.random(in: 0..<8, using: &random) {
            case 0 where position < record.count: record[position] ^= 1 << UInt8.random(in: 0..<8, using: &random)
            case 1 where position < record.count: record[position] = UInt8.random(in: 0...255, using: &random)
            case 2: record.removeSubrange(position..<end)
            case 3: record.insert(contentsOf: record[position..<end], at: position)
            case 4: record.removeSubrange(position...)
            case 5:
                let other = seeds.randomElement(using: &random) ?? []
                let from = Int.random(in: 0...other.count, using: &random)
                record.replaceSubrange(position..., with: other[from...])
            default: record.insert(contentsOf: fragments.randomElement(using: &random) ?? [], at: position)
            }
        }
        return record
    }

    private static func parsed(_ bytes: [UInt8]) -> Any? {
        try? JSONSerialization.jsonObject(with: Data(bytes), options: .fragmentsAllowed)
    }

    private static func areEqual(_ left: Any?, _ right: Any?) -> Bool {
        guard let left = left as? NSObject, let right = right as? NSObject else {
            guard let left = left as? [String: Any], let right = right as? [String: Any] else { return false }
            return NSDictionary(dictionary: left).isEqual(NSDictionary(dictionary: right))
        }
        return left.isEqual(right)
    }

    @Test("make the event that they say, or none", arguments: 0..<8)
    func mutations(block: UInt64) throws {
        var random = Generator(state: 0x11FE_FEED + block)
        var subject = Subject()
        var again = Subject()
        var events = 0
        var refused = 0
        for round in 0..<5000 {
            let seed = try #require(Self.seeds.randomElement(using: &random))
            let value = Self.damage(seed, &random)
            let shown = Comment(rawValue: "round \(round): \(String(decoding: value, as: UTF8.self).debugDescription)")
            let outcome = subject.decode(value)
            #expect(again.decode(value) == outcome, shown)
            let referee = Self.parsed(value) as? [String: Any]
            switch outcome {
            case .tombstone: Issue.record(shown)
            case .rejected(let rejection):
                refused += 1
                // The referee is laxer in places, and only those.
                if rejection.reason == .notJSON, referee != nil {
                    #expect(Self.isKnownLaxity(value), "\(rejection) \(shown)")
                }
            case .event(let event):
                events += 1
                let value = try #require(referee, shown)
                #expect(value["project"] as? String == event.key.project, shown)
                #expect(value["datasetType"] as? String == event.key.type.rawValue, shown)
                let line = try #require(Self.parsed(Array(event.written.utf8)) as? [String: Any], shown)
                #expect(Self.isSame(line["source-ref"], event.sourceRef), shown)
                #expect(event.written == compacted(event.line), shown)
                if let entry = value["entry"] {
                    #expect(Self.areEqual(entry, line), shown)
                } else {
                    #expect(Self.isSame(value["image"], event.sourceRef), shown)
                    let metadata = line["anomaly-label-metadata"] as? [String: Any]
                    #expect(value["label"] as? String == metadata?["class-name"] as? String, shown)
                }
            }
        }
        // Damage that is always fatal, or never, would test nothing.
        #expect(events > 250 && refused > 1000, "\(events) events, \(refused) rejections")
    }

    /// Whether the referee read the same string; Foundation loses a U+FEFF that follows an escape.
    private static func isSame(_ read: Any?, _ sourceRef: String) -> Bool {
        func withoutMarks(_ text: String) -> [Unicode.Scalar] { text.unicodeScalars.filter { $0 != "\u{FEFF}" } }
        guard let read = read as? String else { return false }
        return withoutMarks(read).elementsEqual(withoutMarks(sourceRef))
    }

    /// Foundation lets a comma stand before a closing bracket, and a byte order mark before the text.
    private static func isKnownLaxity(_ value: [UInt8]) -> Bool {
        let text = compacted(String(decoding: value, as: UTF8.self))
        return text.contains(",]") || text.contains(",}") || value.starts(with: [0xEF, 0xBB, 0xBF])
    }
}
