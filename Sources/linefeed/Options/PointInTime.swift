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
        let whole = Date.ISO8601FormatStyle()
        let styles = [whole, Date.ISO8601FormatStyle(includingFractionalSeconds: true), whole.year().month().day()]
        let isDay = text.utf8.count == 10
        // The style of a day would take the beginning of anything longer.
        for style in isDay ? [styles[2]] : Array(styles.dropLast()) {
            if let date = try? style.parse(text) { return date }
        }
        return nil
    }
}
