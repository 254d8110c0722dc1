/// The moment of a signature: `X-Amz-Date` in full, and the day that the signing key is derived for.
package struct SigningDate: Sendable, Hashable {
    /// Since 1970-01-01T00:00:00Z.
    package let secondsSince1970: Int
    /// `20150830T123600Z`
    package let timestamp: String
    /// `20150830`
    package let day: String

    /// - Parameter seconds: since 1970-01-01T00:00:00Z.
    package init(secondsSince1970 seconds: Int) {
        let time = CivilTime(secondsSince1970: seconds)
        secondsSince1970 = seconds
        var text: [UInt8] = []
        text.reserveCapacity(16)
        Self.append(time.year, digits: 4, to: &text)
        Self.append(time.month, digits: 2, to: &text)
        Self.append(time.day, digits: 2, to: &text)
        day = String(decoding: text, as: UTF8.self)
        text.append(UInt8(ascii: "T"))
        Self.append(time.hour, digits: 2, to: &text)
        Self.append(time.minute, digits: 2, to: &text)
        Self.append(time.second, digits: 2, to: &text)
        text.append(UInt8(ascii: "Z"))
        timestamp = String(decoding: text, as: UTF8.self)
    }

    /// The moment that an `X-Amz-Date` names; nil where it is not written as above or there is no such moment.
    package init?(timestamp: String) {
        let text = Array(timestamp.utf8)
        guard text.count == 16, text[8] == UInt8(ascii: "T"), text[15] == UInt8(ascii: "Z") else { return nil }
        func number(_ range: Range<Int>) -> Int? {
            text[range].reduce(0) { value, digit in
                guard let value, case UInt8(ascii: "0")...UInt8(ascii: "9") = digit else { return nil }
                return value * 10 + Int(digit - UInt8(ascii: "0"))
            }
        }
        guard let year = number(0..<4), let month = number(4..<6), let day = number(6..<8),
            let hour = number(9..<11), let minute = number(11..<13), let second = number(13..<15),
            let time = CivilTime(year: year, month: month, day: day, hour: hour, minute: minute, second: second)
        else { return nil }
        self.init(secondsSince1970: time.secondsSince1970)
    }

    /// At least so many digits.
    private static func append(_ value: Int, digits: Int, to text: inout [UInt8]) {
        if digits > 1 || value > 9 { append(value / 10, digits: digits - 1, to: &text) }
        text.append(UInt8(ascii: "0") + UInt8((value % 10).magnitude))
    }
}
