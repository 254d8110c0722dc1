internal import ArgumentParser
internal import FoundationEssentials

/// A moment as people write it: `2026-11-23T10:00:00Z`, `2026-11-23` (its beginning, UTC), or an age: `90m`, `2h`, `3d`.
struct PointInTime: ExpressibleByArgument {
    /// Since 1970.
    var milliseconds: Int64

    init?(argument: String) { self.init(argument, now: .now) }

    init?(_ text: String, now: Date) {
        guard let date = Self.aged(text, now: now) ?? Self.written(text) else { return nil }
        let milliseconds = (date.timeIntervalSince1970 * 1000).rounded()
        guard abs(milliseconds) < 1e15 else { return nil }
        self.milliseconds = Int64(milliseconds)
    }

    private static func aged(_ text: String, now: Date) -> Date? {
        let number = text.prefix { $0.isASCII && ($0.isNumber || $0 == ".") }
        let units: [Substring: Double] = ["s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800]
        guard let value = Double(number), let unit = units[text.dropFirst(number.count)] else { return nil }
        return now.addingTimeInterval(-value * unit)
    }

    private static func written(_ text: String) -> Date? {
        // The styles take the beginning of a longer text, so the form is looked at before.
        guard let match = text.wholeMatch(of: /\d{4}-\d\d-\d\d(T\d\d:\d\d:\d\d(\.\d{1,9})?(?:Z|[+-]\d\d:?\d\d))?/)
        else { return nil }
        let style = Date.ISO8601FormatStyle(includingFractionalSeconds: match.2 != nil)
        return try? (match.1 == nil ? style.year().month().day() : style).parse(text)
    }
}
