import FoundationEssentials
import Testing

@testable import Telemetry

struct HTMLTests {
    @Test func literalsAreMarkupAndValuesAreText() {
        let value = #"<a href="x" title='y'>&amp;</a>"#
        let html: HTML = "<p title=\"\(value)\">\(value) \(7)</p>"
        let escaped = "&lt;a href=&quot;x&quot; title=&#39;y&#39;&gt;&amp;amp;&lt;/a&gt;"
        #expect(html.text == "<p title=\"\(escaped)\">\(escaped) 7</p>")
    }

    @Test func markupIsTakenAsItIs() {
        let pieces: [HTML] = ["<li>", "\("<")", "</li>"]
        let missing: HTML? = nil
        let html: HTML = "<ul>\(pieces)</ul>\(missing)"
        #expect(html.text == "<ul><li>&lt;</li></ul>")
    }

    @Test func whatCannotBeSeenIsShown() {
        let text = "a\u{202E}b\u{0}c\u{1B}[1m\u{2028}\u{200B}\u{FEFF}é👩‍🔧\r\n\t"
        let html: HTML = "\(text)"
        #expect(html.text == #"a\u202eb\u0000c\u001b[1m\u2028\u200b\ufeffé👩‍🔧\u000d"# + "\n\t")
        let exact: HTML = "\(exactly: "a\u{202E}\"\u{0}")"
        #expect(exact.text == "a\u{202E}&quot;\u{FFFD}")
    }

    @Test func momentsAreReadable() {
        let now = Date(timeIntervalSince1970: 1_700_000_000)
        let words = [-5.0, 3, 59, 60, 3_599, 3_600, 90_000, 100 * 86_400, 1_000 * 86_400].map(RelativeTime.ago)
        #expect(
            words == [
                "just now", "just now", "59 s ago", "1 min ago", "59 min ago", "1 h ago", "1 d ago", "3 months ago",
                "2 years ago",
            ])
        let html = RelativeTime.html(now.addingTimeInterval(-120), now: now).text
        #expect(
            html == #"<time datetime="2023-11-14T22:11:20Z" title="2023-11-14 22:11:20 UTC">2 min ago</time>"#)
    }
}
