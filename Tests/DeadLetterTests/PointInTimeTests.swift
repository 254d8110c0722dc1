import Foundation
import Testing

@testable import linefeed

@Suite struct PointInTimeTests {
    private let now = Date(timeIntervalSince1970: 1_000_000)

    @Test(arguments: [
        ("30s", 999_970_000), ("90m", 994_600_000), ("2h", 992_800_000), ("1.5d", 870_400_000),
        ("1w", 395_200_000), ("1970-01-02T00:00:00Z", 86_400_000), ("1970-01-02T00:00:00.250Z", 86_400_250),
        ("1970-01-02T01:00:00+01:00", 86_400_000), ("1970-01-02", 86_400_000),
    ])
    func reads(text: String, milliseconds: Int64) {
        #expect(PointInTime(text, now: now)?.milliseconds == milliseconds)
    }

    @Test(arguments: [
        "", "h", "2", "2x", "-2h", "yesterday", "1970-13-02", "1970-01-02T00:00:00Zx", "1e9h", "nan", "99999999999999w",
    ])
    func refuses(text: String) {
        #expect(PointInTime(text, now: now) == nil)
    }
}
