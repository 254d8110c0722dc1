import Foundation
import Testing

@testable import DatasetService
@testable import Telemetry

struct PieceTests {
    /// The text of a layout without its marks.
    private func laidOut(_ text: String) -> String {
        JSONText(text).html.text
            .replacing(/<\/?span[^>]*>/, with: "")
            .replacing("&quot;", with: "\"").replacing("&lt;", with: "<").replacing("&gt;", with: ">")
            .replacing("&#39;", with: "'").replacing("&amp;", with: "&")
    }

    @Test func jsonIsLaidOutAndStaysWhatItWas() throws {
        #expect(
            laidOut(#"{"a":"x:y,{}[]\"","b" : [1,-2.5e+3,true,null],"c":{},"d":[ ],"e":{"f":[[]]}}"#) == #"""
                {
                  "a": "x:y,{}[]\"",
                  "b": [
                    1,
                    -2.5e+3,
                    true,
                    null
                  ],
                  "c": {},
                  "d": [],
                  "e": {
                    "f": [
                      []
                    ]
                  }
                }
                """#)
    }

    @Test func everyEntrysLayoutReadsAsTheEntry() throws {
        for line in try Samples.hostileLines() + (Samples.manifest("test.manifest") ?? []) {
            let shown = laidOut(line)
            let direction = ["\\u202e": "\u{202E}", "\\u200f": "\u{200F}"]
            let plain = direction.reduce(shown) { $0.replacing($1.key, with: $1.value) }
            let read = try JSONSerialization.jsonObject(with: Data(plain.utf8)) as? NSDictionary
            let wanted = try #require(try JSONSerialization.jsonObject(with: Data(line.utf8)) as? NSDictionary)
            #expect(read == wanted)
        }
    }

    @Test func whatIsNoJSONLosesNothing() {
        for text in [#"{"a"#, "}}]]", #"{"a":"b" "c"}"#, "", "[[[[", #""\"#] {
            let marks = CharacterSet.whitespacesAndNewlines
            #expect(
                laidOut(text).components(separatedBy: marks).joined() == text.components(separatedBy: marks).joined())
        }
    }

    @Test func formsAreReadAsBrowsersWriteThem() {
        func query(_ text: String) -> PageQuery { PageQuery(text) }
        #expect(query("q=a+b%2Bc&class=").text("q") == "a b+c")
        #expect(query("q=%20+x+").text("q") == "x")
        #expect(query("q=++").text("q") == nil)
        #expect(query("q=%zz").text("q") == nil)
        #expect(query("q=%00").text("q") == nil)
        #expect(query("q").text("q") == nil)
        #expect(query("q=\(String(repeating: "a", count: 2_049))").text("q") == nil)
        #expect(query("n=17").number("n") == 17)
        #expect(query("n=-1").number("n") == nil)
    }

    @Test func sizesAndLengths() {
        #expect(
            [0, 1_023, 1_024, 1_536, 10_485_760, 150 << 20].map(Components.size) == [
                "0 B", "1023 B", "1 KiB", "1.5 KiB", "10 MiB", "150 MiB",
            ])
        #expect(
            [0.0004, 0.038, 1.239, 59.999, 185].map(RelativeTime.length) == [
                "0 ms", "38 ms", "1.24 s", "60.0 s", "3 min 5 s",
            ])
        #expect([0, 999, 1_000, -1_234_567].map(\.grouped) == ["0", "999", "1,000", "-1,234,567"])
    }
}
