import SigV4

/// The value of a `Retry-After` header.
///
/// Source: RFC 9110, 10.2.3 and 5.6.7: a number of seconds, or a date in the fixed form or one of two obsolete ones.
enum RetryAfter {
    /// Larger figures are read as this one, a day.
    static let mostSeconds = 86400

    /// - Parameters:
    ///   - value: of the header, without white space around it.
    ///   - now: seconds since 1970-01-01T00:00:00Z.
    /// - Returns: whole seconds from `now` on, never negative; `nil` where the value is neither number nor date.
    static func seconds(_ value: String, now: Int) -> Int? {
        if !value.isEmpty, value.utf8.allSatisfy({ $0 >= UInt8(ascii: "0") && $0 <= UInt8(ascii: "9") }) {
            return min(Int(value) ?? mostSeconds, mostSeconds)
        }
        return date(value).map { min(max(0, $0.secondsSince1970 - now), mostSeconds) }
    }

    private static let months = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ]

    /// `Sun, 06 Nov 1994 08:49:37 GMT`, `Sunday, 06-Nov-94 08:49:37 GMT` or `Sun Nov  6 08:49:37 1994`.
    private static func date(_ value: String) -> CivilTime? {
        let parts = value.split { " ,-:".contains($0) }
        guard parts.count >= 7 else { return nil }
        let isFixed = parts.count == 8 && parts[7] == "GMT"
        guard isFixed || parts.count == 7, let month = months.firstIndex(where: { $0 == parts[isFixed ? 2 : 1] }),
            let day = Int(parts[isFixed ? 1 : 2]), var year = Int(parts[isFixed ? 3 : 6]),
            let hour = Int(parts[isFixed ? 4 : 3]), let minute = Int(parts[isFixed ? 5 : 4]),
            let second = Int(parts[isFixed ? 6 : 5])
        else { return nil }
        // Two digits mean this century: dates of the past ask for no wait whichever century they are from.
        if isFixed, parts[3].count == 2 { year += 2000 }
        // A leap second is no time of day here.
        return CivilTime(
            year: year, month: month + 1, day: day, hour: hour, minute: minute, second: min(second, 59))
    }
}
