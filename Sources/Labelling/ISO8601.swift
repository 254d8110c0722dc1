/// The date and time as ISO 8601 writes it, in the extended form that manifests use.
enum ISO8601 {
    /// Whether `text` is `YYYY-MM-DDThh:mm:ss`, with a fraction or not, with `Z`, `±hh:mm`, `±hhmm` or no zone, and
    /// names a moment that the calendar has. A leap second is allowed.
    static func isDateTime(_ text: UnsafeRawBufferPointer) -> Bool {
        var rest = text[...]

        func number(_ digits: Int) -> Int? {
            guard rest.count >= digits else { return nil }
            var value = 0
            for byte in rest.prefix(digits) {
                guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) else { return nil }
                value = value * 10 + Int(byte - UInt8(ascii: "0"))
            }
            rest = rest.dropFirst(digits)
            return value
        }
        func take(_ character: Unicode.Scalar) -> Bool {
            guard rest.first == UInt8(ascii: character) else { return false }
            rest = rest.dropFirst()
            return true
        }

        guard let year = number(4), take("-"), let month = number(2), take("-"), let day = number(2), take("T"),
            let hour = number(2), take(":"), let minute = number(2), take(":"), let second = number(2),
            (1...12).contains(month), (1...days(in: month, of: year)).contains(day),
            hour < 24, minute < 60, second <= 60
        else { return false }
        if take(".") {
            guard number(1) != nil else { return false }
            while number(1) != nil {}
        }
        if rest.isEmpty || take("Z") { return rest.isEmpty }
        guard take("+") || take("-"), let zoneHour = number(2) else { return false }
        _ = take(":")
        guard let zoneMinute = number(2) else { return false }
        return rest.isEmpty && zoneHour < 24 && zoneMinute < 60
    }

    private static func days(in month: Int, of year: Int) -> Int {
        switch month {
        case 2: year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28
        case 4, 6, 9, 11: 30
        default: 31
        }
    }
}
