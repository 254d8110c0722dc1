/// The date and time as ISO 8601 writes it, in the extended form that manifests use.
enum ISO8601 {
    /// Whether `text` is `YYYY-MM-DDThh:mm:ss`, with a fraction or not, with `Z`, `±hh:mm`, `±hhmm` or no zone, and
    /// names a moment that the calendar has. A leap second is allowed.
    static func isDateTime(_ text: UnsafeRawBufferPointer) -> Bool {
        var scanner = Scanner(text: text)
        guard let year = scanner.number(4), scanner.take("-"), let month = scanner.number(2), scanner.take("-"),
            let day = scanner.number(2), scanner.take("T"), let hour = scanner.number(2), scanner.take(":"),
            let minute = scanner.number(2), scanner.take(":"), let second = scanner.number(2),
            (1...12).contains(month), (1...days(in: month, of: year)).contains(day),
            hour < 24, minute < 60, second <= 60
        else { return false }
        if scanner.take(".") {
            guard scanner.number(1) != nil else { return false }
            while scanner.number(1) != nil {}
        }
        if scanner.isAtEnd || scanner.take("Z") { return scanner.isAtEnd }
        guard scanner.take("+") || scanner.take("-"), let zoneHour = scanner.number(2) else { return false }
        _ = scanner.take(":")
        guard let zoneMinute = scanner.number(2) else { return false }
        return scanner.isAtEnd && zoneHour < 24 && zoneMinute < 60
    }

    private static func days(in month: Int, of year: Int) -> Int {
        switch month {
        case 2: year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28
        case 4, 6, 9, 11: 30
        default: 31
        }
    }

    private struct Scanner {
        let text: UnsafeRawBufferPointer
        var position = 0

        var isAtEnd: Bool { position == text.count }

        mutating func number(_ digits: Int) -> Int? {
            guard position + digits <= text.count else { return nil }
            var value = 0
            for index in position..<(position + digits) {
                let digit = text[index] &- UInt8(ascii: "0")
                guard digit < 10 else { return nil }
                value = value * 10 + Int(digit)
            }
            position += digits
            return value
        }

        mutating func take(_ character: Unicode.Scalar) -> Bool {
            guard position < text.count, text[position] == UInt8(ascii: character) else { return false }
            position += 1
            return true
        }
    }
}
