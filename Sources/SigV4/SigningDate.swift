/// The moment of a signature: `X-Amz-Date` in full, and the day that the signing key is derived for.
package struct SigningDate: Sendable, Hashable {
    /// `20150830T123600Z`
    package let timestamp: String
    /// `20150830`
    package let day: String

    /// - Parameter seconds: since 1970-01-01T00:00:00Z.
    package init(secondsSince1970 seconds: Int) {
        let time = CivilTime(secondsSince1970: seconds)
        day = Self.digits(time.year, 4) + Self.digits(time.month, 2) + Self.digits(time.day, 2)
        timestamp =
            "\(day)T" + Self.digits(time.hour, 2) + Self.digits(time.minute, 2) + Self.digits(time.second, 2) + "Z"
    }

    private static func digits(_ value: Int, _ width: Int) -> String {
        let text = String(value)
        return String(repeating: "0", count: max(0, width - text.utf8.count)) + text
    }
}
