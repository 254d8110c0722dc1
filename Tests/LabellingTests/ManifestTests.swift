import LookoutVision
import Testing

@testable import Labelling

@Suite("Real manifests", .enabled(if: Manifests.areHere, "the manifests do not lie beside the package"))
struct ManifestTests {
    @Test("pass through as events byte for byte, but for white space", arguments: Manifests.names)
    func passThrough(name: String) throws {
        var subject = Subject()
        let lines = Manifests.lines(name)
        #expect(lines.count == (name == "test.manifest" ? 63 : 1))
        for line in lines {
            let key = DatasetKey(project: "boards", type: .test)
            let value = EventEncoder.encode(key, line: Array(line.utf8))
            let event = try #require(subject.decode(value).event)
            #expect(event.key == key)
            #expect(event.line == line)
            #expect(event.written == compacted(line))
            #expect(
                line.contains(#""source-ref": "\#(event.sourceRef)""#)
                    || line.contains(#""source-ref":"\#(event.sourceRef)""#))
            let byHeaders = subject.decode(line, project: "boards", type: "test")
            #expect(byHeaders.event == event)
        }
    }
}

@Suite("The encoder")
struct EventEncoderTests {
    @Test("puts an envelope around a line, and escapes what must be")
    func encode() {
        let plain = EventEncoder.encode(DatasetKey(project: "boards", type: .train), line: #"{"a":1}"#.utf8)
        #expect(
            String(decoding: plain, as: UTF8.self) == #"{"project":"boards","datasetType":"train","entry":{"a":1}}"#)
        // No project has such a name; the envelope is JSON all the same, and the decoder says what is wrong.
        let odd = EventEncoder.encode(
            DatasetKey(project: "a\"\\\n", type: .test), line: #"{"source-ref":"s3://b/k"}"#.utf8)
        #expect(String(decoding: odd, as: UTF8.self).hasPrefix(#"{"project":"a\"\\\u000a","#))
        var subject = Subject()
        #expect(subject.decode(odd).rejection?.field == "project")
    }
}
