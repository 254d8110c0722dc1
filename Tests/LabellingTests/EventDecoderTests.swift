import LookoutVision
import Testing

@testable import Labelling

@Suite("Records become labelling events")
struct EventDecoderTests {
    private let entry = #"{"source-ref": "s3://b/k.jpg", "n" : [1e5, 1.0,-0,"a\t \" b"], "n": {} , "é": null}"#
    private let compact = #"{"source-ref":"s3://b/k.jpg","n":[1e5,1.0,-0,"a\t \" b"],"n":{},"é":null}"#

    @Test("The envelope passes its entry on byte for byte, but for white space outside strings")
    func envelope() throws {
        var subject = Subject()
        let outcome = subject.decode(#" {"project":"boards", "datasetType":"train","entry": \#(entry) }"#)
        let event = try #require(outcome.event)
        #expect(event.key == DatasetKey(project: "boards", type: .train))
        #expect(event.sourceRef == "s3://b/k.jpg")
        #expect(event.line == entry)
        #expect(event.written == compact)
    }

    @Test("An envelope's other fields are ignored, wherever they stand")
    func otherFields() throws {
        var subject = Subject()
        let outcome = subject.decode(
            #"{"schema":{"source-ref":1},"entry":\#(entry),"trace":["label"],"datasetType":"test","project":"p-1_X","x":1}"#
        )
        let event = try #require(outcome.event)
        #expect(event.key == DatasetKey(project: "p-1_X", type: .test))
        #expect(event.written == compact)
    }

    @Test("With both headers the value is the line, whatever fields it has")
    func headers() throws {
        var subject = Subject()
        let line = #"{"label":1,"label":2,"project":"other","entry":{"source-ref":"s3://x/y"},"source-ref":"s3://b/k"}"#
        let outcome = subject.decode("\r\n\(line) \t", project: "boards", type: "test")
        let event = try #require(outcome.event)
        #expect(event.key == DatasetKey(project: "boards", type: .test))
        #expect(event.sourceRef == "s3://b/k")
        #expect(event.line == line)
        #expect(event.written == line)
    }

    @Test("No value is a tombstone, whatever the headers say")
    func tombstone() throws {
        var subject = Subject()
        #expect(subject.decode(nil) == .tombstone)
        #expect(subject.decode(nil, project: "boards") == .tombstone)
        #expect(subject.decode(nil, project: "?", type: "?") == .tombstone)
    }

    @Test("Escapes are resolved where the decoder reads, and kept where it passes on")
    func escapes() throws {
        var subject = Subject()
        let entry = #"{"source\u002dref":"s3:\/\/b\/\u00e9\ud83d\ude00\n\"k\\","note":"\u0041\/\u0000"}"#
        let outcome = subject.decode(
            #"{"pro\u006aect":"b\u006fards","datasetType":"tr\u0061in","\u0065ntry":\#(entry)}"#)
        let event = try #require(outcome.event)
        #expect(event.key == DatasetKey(project: "boards", type: .train))
        #expect(event.sourceRef == "s3://b/é😀\n\"k\\")
        #expect(event.written == entry)
    }

    @Test("Everything JSON allows is allowed")
    func grammar() throws {
        var subject = Subject()
        let values = [
            "0", "-0", "0.0", "12", "-1.5e+10", "1E-2", "1e308", "123456789012345678901234567890", "true", "false",
            "null",
            "[]", "{}", "[ ]", "{ }", "[[],{}]", #"{"":""}"#, #"" \\ \/ \b\f\n\r\t \u12aF \uD834\udd1e ""#,
            "\"\u{7F} é 😀\"",
            String(repeating: "[", count: 61) + String(repeating: "]", count: 61),
        ]
        for value in values {
            let entry = #"{"source-ref":"s3://b/k","v":\#(value)}"#
            let outcome = subject.decode(#"{"project":"p","datasetType":"test","entry":\#(entry)}"#)
            #expect(outcome.event?.written == compacted(entry), "\(value)")
        }
    }

    @Test("Only the size of the line counts, in characters and without white space")
    func lineLength() throws {
        var subject = Subject()
        func entry(_ padding: String, _ space: String = "") -> String {
            #"{"source-ref":\#(space)"s3://b/k","p":"\#(padding)"}"#
        }
        let room = Limits.entryCharacters.upperBound - entry("").unicodeScalars.count
        let wide = String(repeating: "😀", count: room)
        let gap = String(repeating: " \n", count: 40_000)
        for padding in [String(repeating: "x", count: room), wide] {
            for space in ["", gap] {
                let envelope = #"{"project":"p","datasetType":"test","entry":\#(entry(padding, space))}"#
                #expect(subject.decode(envelope).event?.written == entry(padding))
                let line = subject.decode(entry(padding, space), project: "p", type: "test")
                #expect(line.event?.written == entry(padding))
                let longer = #"{"project":"p","datasetType":"test","entry":\#(entry(padding + "x", space))}"#
                #expect(subject.decode(longer).rejection?.reason == .tooLong)
                #expect(subject.decode(longer).rejection?.field == "entry")
            }
        }
    }

    @Test("A giant record leaves nothing behind for the next one")
    func giant() throws {
        var subject = Subject()
        let small = #"{"project":"p","datasetType":"test","entry":{"source-ref":"s3://b/\u006b"}}"#
        let before = subject.decode(small)
        let blob = String(repeating: #"[1,"\n"],"#, count: 400_000)
        let giant = #"{"blob":[\#(blob)0],"project":"p","datasetType":"test","entry":{"source-ref":"s3://b/\u006b"}}"#
        #expect(subject.decode(giant) == before)
        #expect(subject.decode(small) == before)
        #expect(before.event?.sourceRef == "s3://b/k")
    }

    @Test("An event that others make is written as it is")
    func madeByHand() throws {
        let line = Array(#"{"source-ref":"s3://b/k"}"#.utf8)
        let written = line.withUnsafeBytes { line in
            "boards".utf8.withContiguousStorageIfAvailable { project in
                let event = LabellingEvent(
                    project: UnsafeRawBufferPointer(project), type: .test,
                    sourceRef: UnsafeRawBufferPointer(rebasing: line[15..<23]), compactLine: line)
                #expect(event.key.description == "boards/test")
                return withUnsafeTemporaryAllocation(byteCount: event.maximumLineCount, alignment: 1) { target in
                    let count = target.baseAddress.map { event.writeLine(into: $0) } ?? 0
                    return Array(target.prefix(count))
                }
            }
        }
        #expect(written == line)
    }

    @Test("A project's name is what the API says it is")
    func projectNames() {
        let first = Set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789".utf8)
        let all = first.union("_-".utf8)
        func isName(_ bytes: [UInt8]) -> Bool { bytes.withUnsafeBytes(Names.isProjectName) }
        for byte in UInt8.min...UInt8.max {
            #expect(isName([byte]) == first.contains(byte), "\(byte)")
            #expect(isName([byte, UInt8(ascii: "0")]) == first.contains(byte), "\(byte) first")
            #expect(isName([UInt8(ascii: "a"), byte]) == all.contains(byte), "\(byte) last")
        }
        for (count, isRight) in [(0, false), (1, true), (255, true), (256, false)] {
            #expect(isName([UInt8](repeating: UInt8(ascii: "x"), count: count)) == isRight, "\(count)")
        }
        #expect(Names.isProjectName("boards-2_b") && !Names.isProjectName("Bücher") && !Names.isProjectName("-a"))
    }

    @Test("A decoder may be made on one thread and used on another")
    func isSendable() {
        func check<T: Sendable & ~Copyable>(_ type: T.Type) {}
        check(EventDecoder.self)
        #expect(["icelake", "haswell", "westmere", "arm64", "ppc64", "fallback"].contains(EventDecoder.implementation))
    }

    @Test("Keys are ordered by project, then type")
    func keys() {
        let keys = [
            DatasetKey(project: "b", type: .test), DatasetKey(project: "a", type: .train),
            DatasetKey(project: "a", type: .test),
        ]
        #expect(keys.sorted().map(\.description) == ["a/test", "a/train", "b/test"])
    }
}
