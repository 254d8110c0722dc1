import Foundation
import LookoutVision
import Testing

@testable import DatasetService

/// The reader of lines never crashes, and takes nothing that another reader of JSON does not take.
@Suite("Fuzzed lines", .timeLimit(.minutes(10)))
struct LineFuzzTests {
    private static let tokens = [
        "{", "}", "[", "]", "\"", "\\", ":", ",", "\n", "\r\n", "null", "true", "0", "-", "1e400", "\\u0000", "\\ud800",
        "\\udc00", "\\ud83d\\ude00", "\"source-ref\":", "\"s3://bucket/key\"", "s3://", "\"type\":", "-metadata\":{",
        "groundtruth/image-classification", "groundtruth/semantic-segmentation", "\"class-name\":\"anomaly\"",
        "\u{feff}",
        "\u{0}", "\u{7f}", "\u{e9}", "\"human-annotated\":\"yes\"", "internal-color-map", "\"creation-date\":\"",
        String(repeating: "[", count: 600), String(repeating: "{\"a\":", count: 300),
    ]

    @Test func whatIsTakenIsJSON() throws {
        let corpus = try FuzzPlan.corpus("lines")
        for (index, payload) in corpus.enumerated() {
            #expect((try? ChangesPayload(payload)) != nil, "corpus \(index)")
        }
        let mutator = Mutator(corpus: corpus, tokens: Self.tokens)
        var count = 0
        for index in 0..<FuzzPlan.count {
            var random = FuzzPlan.random(index)
            let input = mutator.make(&random)
            guard (try? ChangesPayload(input)) != nil else { continue }
            count += 1
            let lines = input.split(separator: UInt8(ascii: "\n"))
                .filter { !$0.allSatisfy { [0x20, 0x09, 0x0D].contains($0) } }
            for line in lines {
                let text = String(decoding: line, as: UTF8.self)
                    // Half of a surrogate pair, or a number beyond Double, is grammatical (RFC 8259, sections 6 and 8.2),
                    // but not to this reader. (Behind an escaped backslash it is none.)
                    .replacing(#/\\(?:\\|u[dD][89a-fA-F][0-9a-fA-F]{2})/#) { $0.output == #"\\"# ? $0.output : "" }
                    .replacing(#/1e400/#, with: "1")
                let object = try? JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any]
                let source = object?["source-ref"] as? String
                #expect(source?.hasPrefix("s3://") == true, "taken: \(FuzzPlan.recipe(index, input))")
            }
        }
        print("seed \(FuzzPlan.seed), \(FuzzPlan.count) payloads, \(count) of them taken, all JSON with a source-ref")
    }
}
