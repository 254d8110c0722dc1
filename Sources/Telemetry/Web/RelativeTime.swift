package import FoundationEssentials

/// Moments and lengths of time as people read them.
package enum RelativeTime {
    /// `<time>` that says how long ago, with the moment itself on hovering and for programs.
    ///
    /// `now` is the moment of the page; a moment after it is "just now", as clocks differ a little.
    package static func html(_ date: Date, now: Date) -> HTML {
        let stamp = date.formatted(.iso8601)
        return """
            <time datetime="\(stamp)" title="\(absolute(date))">\(ago(now.timeIntervalSince(date)))</time>
            """
    }

    /// `2026-11-23 16:52:22 UTC`.
    package static func absolute(_ date: Date) -> String {
        date.formatted(
            .iso8601.year().month().day().dateSeparator(.dash).dateTimeSeparator(.space).time(
                includingFractionalSeconds: false)
        ) + " UTC"
    }

    /// The words that the pages' scripts use too, so that nothing jumps when they take over.
    static func ago(_ seconds: Double) -> String {
        switch seconds {
        case ..<10: "just now"
        case ..<60: "\(Int(seconds)) s ago"
        case ..<3_600: "\(Int(seconds / 60)) min ago"
        case ..<86_400: "\(Int(seconds / 3_600)) h ago"
        case ..<(60 * 86_400): "\(Int(seconds / 86_400)) d ago"
        case ..<(730 * 86_400): "\(Int(seconds / (30.44 * 86_400))) months ago"
        default: "\(Int(seconds / (365.25 * 86_400))) years ago"
        }
    }

    /// `38 ms`, `1.24 s`, `3 min 5 s`.
    package static func length(_ seconds: Double) -> String {
        switch max(0, seconds) {
        case ..<0.9995: "\(Int((seconds * 1_000).rounded())) ms"
        case ..<60: "\((max(0, seconds) * 100).rounded() / 100) s"
        case let long:
            "\(Int(long) / 60) min \(Int(long) % 60) s"
        }
    }
}

extension Int {
    /// With a comma between thousands: `30,000`.
    package var grouped: String {
        var digits = String(magnitude)
        var out = ""
        while digits.count > 3 {
            out = ",\(digits.suffix(3))\(out)"
            digits.removeLast(3)
        }
        return (self < 0 ? "-" : "") + digits + out
    }
}
