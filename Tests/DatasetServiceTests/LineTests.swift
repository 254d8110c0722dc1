import Foundation
import Testing

@testable import DatasetService

@Suite("Lines")
struct LineTests {
    private func read(_ text: String) throws -> EntryLine {
        try EntryLine(text)
    }

    private func problem(_ text: String) -> String? {
        do {
            _ = try read(text)
            return nil
        } catch {
            return (error as? EntryLine.Problem)?.reason
        }
    }

    @Test(
        "The class comes from the metadata's type and class-name alone",
        arguments: [
            (#""a-metadata":{"class-name":"normal","type":"groundtruth/image-classification"}"#, ImageClass.normal),
            (#""a":1,"zzz":{"type":"groundtruth/image-classification","class-name":"ANOMALY"}"#, .anomaly),
            (#""a-metadata":{"class-name":"scratch","type":"groundtruth/image-classification"}"#, .unlabelled),
            (#""a-metadata":{"class-name":"anomaly","type":"groundtruth/label-verification"}"#, .unlabelled),
            (#""a-metadata":{"class-name":"anomaly"}"#, .unlabelled),
            (#""a-metadata":{"class-name":7,"type":"groundtruth/image-classification"}"#, .unlabelled),
            (
                #""v":{"class-name":"anomaly","type":"groundtruth/label-verification"},"#
                    + #""c":{"class-name":"normal","type":"groundtruth/image-classification"}"#, .normal
            ),
            (#""a":{"cl\u0061ss-name":"\u006eormal","type":"groundtruth\/image-classification"}"#, .normal),
            (#""a":null"#, .unlabelled),
        ])
    func imageClass(members: String, wanted: ImageClass) throws {
        #expect(try read(#"{"source-ref":"s3://b/k",\#(members)}"#).imageClass == wanted)
    }

    @Test("The source-ref is compared decoded and the text is kept as it came")
    func escapes() throws {
        let text =
            #"{ "source\u002dref" : "s3:\/\/b\/\u00e9\ud83d\ude00.jpg", "n": [1, -0.5e+3, {"x": [true, false, null]}] }"#
        let line = try read(text)
        #expect(line.sourceRef == "s3://b/é😀.jpg")
        #expect(line.bucket == "b")
        #expect(LineBatch(bytes: Array(text.utf8), lines: [line]).text(of: line) == text)
    }

    @Test(
        "What is not such a line is refused for a reason",
        arguments: [
            (#"[]"#, "expected an object at byte 1"),
            (#"{"source-ref":"s3://b/k"} x"#, "expected the end of the line at byte 27"),
            (#"{"source-ref":"s3://b/k",}"#, "expected a string at byte 26"),
            (#"{"source-ref":"s3://b/k" "a":1}"#, "expected a comma"),
            (#"{"source-ref":"s3://b/k","a":01}"#, "expected a comma"),
            (#"{"source-ref":"s3://b/k","a":-}"#, "expected a digit"),
            (#"{"source-ref":"s3://b/k","a":NaN}"#, "expected a value"),
            (#"{"source-ref":"s3://b/k","a":tru}"#, "expected a value"),
            (#"{"source-ref":"s3://b/k","a":"\x"}"#, "expected an escape sequence"),
            (#"{"source-ref":"s3://b/k","a":"\u12g4"}"#, "expected four hexadecimal digits"),
            (#"{"source-ref":"s3://b/k","a":"b"#, "expected the end of the string"),
            ("{\"source-ref\":\"s3://b/k\",\"a\":\"\u{1}\"}", "no control character"),
            (#"{"source-ref":"s3://b/k","a":"# + String(repeating: "[", count: 4000), "less nesting"),
            (#"{}"#, "no source-ref"),
            (#"{"a":{"source-ref":"s3://b/k"}}"#, "no source-ref"),
            (#"{"source-ref":"s3://b/k","source-ref":"s3://b/k"}"#, "more than one source-ref"),
            (#"{"source-ref":7}"#, "source-ref is not a string"),
            (#"{"source-ref":"\ud800"}"#, "source-ref is not a string"),
            (#"{"source-ref":"https://b/k"}"#, "s3://BUCKET/KEY"),
            (#"{"source-ref":"s3://b"}"#, "s3://BUCKET/KEY"),
            (#"{"source-ref":"s3://b/"}"#, "s3://BUCKET/KEY"),
            (#"{"source-ref":"s3:///k"}"#, "s3://BUCKET/KEY"),
            (#"{"source-ref":"s3://b/a\u0000b"}"#, "s3://BUCKET/KEY"),
        ])
    func refusal(text: String, reason: String) {
        #expect(problem(text)?.contains(reason) == true, "\(problem(text) ?? "accepted")")
    }

    private static func segmentation(
        mask: String? = #""s3://b/m.png""#, map: String = ##"{"0":{"class-name":"x","hex-color":"#23A436"}}"##,
        name: String = "a-mask-ref-metadata"
    ) -> String {
        #"{"source-ref":"s3://b/k","\#(name)":{"internal-color-map":\#(map),"#
            + #""creation-date":"Mon Aug 22 2022 13:52:52 GMT-0700","type":"groundtruth/semantic-segmentation"}"#
            + (mask.map { #","a-mask-ref":\#($0)"# } ?? "") + "}"
    }

    @Test("A mask is found by its metadata, whatever stands first")
    func mask() throws {
        #expect(try read(Self.segmentation()).mask == "s3://b/m.png")
        #expect(try read(Self.segmentation(map: "{}")).mask == "s3://b/m.png")
        #expect(try read(#"{"source-ref":"s3://b/k","some-ref":"s3://elsewhere/x"}"#).mask == nil)
        // The guide's own: BACKGROUND, confidence, keys that are not numbers from 0.
        let map = ##"{"3":{"confidence":0.0,"hex-color":"#ffffff","class-name":"BACKGROUND"}}"##
        #expect(try read(Self.segmentation(map: map)).mask != nil)
    }

    @Test(
        "A mask that training could not read is refused",
        arguments: [
            (segmentation(mask: #""s3://elsewhere/m.png""#), "a-mask-ref is in another bucket than its image"),
            (segmentation(mask: #""m.png""#), "a-mask-ref is not of the form s3://BUCKET/KEY"),
            (segmentation(mask: "null"), "a-mask-ref is not a string"),
            (segmentation(mask: nil), "there is no a-mask-ref"),
            (segmentation(name: "a-mask-ref-meta"), "not named after its mask"),
            (segmentation(map: "[]"), "internal-color-map is not an object"),
            (segmentation(map: #"{"0":7}"#), "internal-color-map 0 is not an object"),
            (segmentation(map: ##"{"0":{"hex-color":"#23A436"}}"##), "internal-color-map 0 has no class-name"),
            (segmentation(map: #"{"0":{"class-name":"x"}}"#), "internal-color-map 0 has no hex-color"),
            (segmentation(map: ##"{"1":{"class-name":"x","hex-color":"#23A43"}}"##), "1 has no hex-color"),
        ])
    func badMask(text: String, reason: String) {
        #expect(problem(text)?.contains(reason) == true, "\(problem(text) ?? "accepted")")
    }

    @Test("8,192 characters fit, whatever bytes they take; one more does not")
    func length() throws {
        let frame = #"{"source-ref":"s3://b/k","a":""}"#.count
        func padded(_ count: Int) -> String {
            #"{"source-ref":"s3://b/k","a":"\#(String(repeating: "é", count: count - frame))"}"#
        }
        #expect(problem(padded(8192)) == nil)
        #expect(problem(padded(8193))?.contains("8193 characters") == true)
    }

    @Test("Invalid UTF-8 is refused")
    func invalidUTF8() {
        let bytes = Array(#"{"source-ref":"s3://b/k","a":""#.utf8) + [0xFF] + Array(#""}"#.utf8)
        var reader = LineReader()
        #expect(reader.read(Array(line("1").utf8) + [0x0A] + bytes + [0x0A] + Array(line("2").utf8)).count == 2)
        #expect(reader.problems.text == "line 2: not valid UTF-8")
    }

    @Test("No truncation of a good line is a line, and none crashes")
    func truncations() throws {
        let bytes = Array(#"{"source-ref":"s3:\/\/b\/\ud83d\ude00","a":[1.5e3,{"b":null}],"c":{"type":"x"}}"#.utf8)
        _ = try EntryLine(validated: bytes, range: 0..<bytes.count)
        for end in 0..<bytes.count {
            #expect(throws: EntryLine.Problem.self) { try EntryLine(validated: bytes, range: 0..<end) }
        }
    }

    @Test("Of a line with random bytes changed, all that is accepted is JSON for another parser too")
    func mutations() throws {
        var generator = SeededGenerator(state: 7)
        let good = Array(
            #"{"source-ref":"s3:\/\/b\/é","a":[1.5e3,-0,{"b":null}],"c":{"type":"x\u00e9"},"d":true,"e":{}}"#.utf8)
        let interesting = Array(#"{}[]",:\u0e+-.tfn1/ "#.utf8) + [0x00, 0x0A, 0x7F, 0xC3, 0xFF]
        var accepted = 0
        for _ in 0..<20_000 {
            var bytes = good
            for _ in 0..<Int.random(in: 1...2, using: &generator) {
                let index = bytes.indices.randomElement(using: &generator) ?? 0
                bytes[index] = interesting.randomElement(using: &generator) ?? 0
            }
            var reader = LineReader()
            guard !bytes.contains(0x0A), !reader.read(bytes).isEmpty else { continue }
            accepted += 1
            let text = String(decoding: bytes, as: UTF8.self)
            #expect(throws: Never.self, "\(text)") { try JSONSerialization.jsonObject(with: Data(bytes)) }
        }
        #expect(accepted > 100)
    }

    @Test("Blank lines and white space around lines are passed over; numbers are those of the file")
    func payloadLayout() throws {
        let text = "\r\n \t\(line("1"))\r\n\n\(line("2"))  "
        let batch = try ChangesPayload(Array(text.utf8)).batch
        #expect(batch.lines.map(batch.text(of:)) == [line("1"), line("2")])
        let bad = ChangesPayload.Rejection(message: "Nothing was applied: line 4: no source-ref.")
        #expect(throws: bad) { try ChangesPayload(Array("\n\(line("1"))\n\n{}".utf8)) }
    }

    @Test("A payload with bad lines names the first three and counts the rest")
    func problemList() {
        let text = ["{}", line("1"), line("1"), line("2", bucket: "other"), "x", "y"].joined(separator: "\n")
        let message =
            "Nothing was applied: line 1: no source-ref; line 3: the same source-ref as line 2; "
            + "line 4: another bucket than the lines before it; a dataset has one; and 2 more."
        #expect(throws: ChangesPayload.Rejection(message: message)) { try ChangesPayload(Array(text.utf8)) }
        #expect(throws: ChangesPayload.Rejection.self) { try ChangesPayload(Array(" \n\n".utf8)) }
    }

    @Test(
        "Real manifests are accepted as they are",
        arguments: [("test.manifest", 63, 31, 32), ("train.manifest", 1, 0, 1), ("updates.manifest", 1, 0, 1)])
    func manifests(name: String, total: Int, normal: Int, anomaly: Int) throws {
        guard let data = sharedManifest(name) else {
            print("skipped: \(name) is not at hand")
            return
        }
        let lines = try ChangesPayload(Array(data)).batch.lines
        #expect(lines.count == total)
        #expect(lines.count { $0.imageClass == .normal } == normal)
        #expect(lines.count { $0.imageClass == .anomaly } == anomaly)
        #expect(lines.allSatisfy { $0.creationDate != nil })
        #expect(lines.count { $0.mask != nil } == (name == "test.manifest" ? anomaly : 0))
    }
}
