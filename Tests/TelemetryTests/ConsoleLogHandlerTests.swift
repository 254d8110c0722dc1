import Foundation
import Logging
import Testing

@testable import Telemetry

struct ConsoleLogHandlerTests {
    private static let time = Date(timeIntervalSince1970: 1_700_000_000.5)
    /// Quotes, a line break, a backslash, a terminal's colour in both spellings, a reversed word, a line separator.
    private static let odd = "a \"b\"\n\\c\t\u{1B}[31m\u{9B}31m\u{202E}d\u{2028}\u{7F}é"

    private func text(_ message: Logger.Message, _ metadata: Logger.Metadata = [:]) -> String {
        ConsoleLogHandler.text(Self.time, .info, message, metadata)
    }

    private func json(_ message: Logger.Message, _ metadata: Logger.Metadata = [:]) throws -> [String: String] {
        let line = ConsoleLogHandler.json(Self.time, .warning, message, metadata, label: "worker")
        expectHarmless(line)
        return try #require(try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: String])
    }

    private func expectHarmless(_ line: String) {
        for scalar in line.unicodeScalars {
            switch scalar.properties.generalCategory {
            case .control, .format, .lineSeparator, .paragraphSeparator:
                Issue.record("U+\(String(scalar.value, radix: 16)) in \(line.debugDescription)")
            default: break
            }
        }
    }

    @Test func aLineForPeople() {
        let line = text("Batch settled", ["dataset": "boards/train", "cut": "41", "reason": "two words", "empty": ""])
        #expect(
            line == #"22:13:20.500 INFO     Batch settled  cut=41 dataset=boards/train empty="" reason="two words""#)
    }

    @Test func textNeitherBreaksItsLineNorDrivesTheTerminal() {
        let line = text("\(Self.odd)", ["value": "\(Self.odd)", "a\nb": "1"])
        expectHarmless(line)
        #expect(line.contains(#"value="a \"b\"\n\\c\t\u001b[31m\u009b31m\u202ed\u2028\u007fé""#))
    }

    @Test func aValueThatCouldBeMisreadIsQuoted() {
        #expect(text("m", ["k": "a=b"]).hasSuffix("k=a=b"))
        #expect(text("m", ["k": #"say "x""#]).hasSuffix(#"k="say \"x\"""#))
    }

    @Test func jsonGivesBackWhatWentIn() throws {
        let fields = try json("\(Self.odd)", ["value": "\(Self.odd)", "emoji": "👩‍🔧"])
        #expect(fields["message"] == Self.odd)
        #expect(fields["value"] == Self.odd)
        #expect(fields["emoji"] == "👩‍🔧")
        #expect(fields["time"] == "2023-11-14T22:13:20.500Z")
        #expect(fields["level"] == "warning")
        #expect(fields["logger"] == "worker")
    }

    @Test func metadataDoesNotTakeTheNamesThatEveryLineHas() throws {
        let fields = try json("Lane waits", ["message": "the dataset is missing", "level": "x"])
        #expect(fields["message"] == "Lane waits")
        #expect(fields["metadata.message"] == "the dataset is missing")
        #expect(fields["level"] == "warning")
        #expect(fields["metadata.level"] == "x")
    }
}
