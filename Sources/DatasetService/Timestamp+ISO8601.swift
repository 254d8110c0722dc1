extension Timestamp {
    /// Reads `YYYY-MM-DDTHH:MM:SS`, with an optional fraction and an optional zone (`Z` or `±HH:MM`); UTC without one.
    ///
    /// Both the filters of ListDatasetEntries and the `creation-date` of real manifests come in these forms, some with
    /// no zone. Anything else (a real manifest also has JavaScript's `Mon Aug 22 2022 …`) is nil.
    package init?(iso8601 text: some StringProtocol) {
        var reader = DigitReader(text.utf8)
        guard let year = reader.number(digits: 4), reader.skip("-"),
            let month = reader.number(digits: 2), (1...12).contains(month), reader.skip("-"),
            let day = reader.number(digits: 2), day >= 1, day <= Self.days(in: month, of: year),
            reader.skip("T") || reader.skip(" "),
            let hour = reader.number(digits: 2), hour <= 23, reader.skip(":"),
            let minute = reader.number(digits: 2), minute <= 59, reader.skip(":"),
            let second = reader.number(digits: 2), second <= 60,
            let fraction = reader.fractionInMicroseconds(),
            let offset = reader.zoneOffsetInSeconds(),
            reader.isAtEnd
        else { return nil }
        let days = Self.daysSinceEpoch(year: year, month: month, day: day)
        let seconds = days * 86_400 + hour * 3_600 + minute * 60 + second - offset
        self.init(microseconds: Int64(seconds) * 1_000_000 + Int64(fraction))
    }

    private static func days(in month: Int, of year: Int) -> Int {
        switch month {
        case 2: year.isMultiple(of: 4) && (!year.isMultiple(of: 100) || year.isMultiple(of: 400)) ? 29 : 28
        case 4, 6, 9, 11: 30
        default: 31
        }
    }

    /// Days from the epoch in the proleptic Gregorian calendar; the year is counted from March, so that the leap day
    /// is its last.
    private static func daysSinceEpoch(year: Int, month: Int, day: Int) -> Int {
        let marchYear = month > 2 ? year : year - 1
        let monthFromMarch = month > 2 ? month - 3 : month + 9
        let dayOfYear = (153 * monthFromMarch + 2) / 5 + day - 1
        // Years are four digits, so floor division needs care only for year 0 before March.
        let leapDays = marchYear >= 0 ? marchYear / 4 - marchYear / 100 + marchYear / 400 : -1
        return marchYear * 365 + leapDays + dayOfYear - 719_468
    }
}

/// Walks over the bytes of a date; every step says whether it found what it looked for.
private struct DigitReader {
    private var rest: ArraySlice<UInt8>

    init(_ bytes: some Sequence<UInt8>) {
        rest = Array(bytes)[...]
    }

    var isAtEnd: Bool { rest.isEmpty }

    mutating func skip(_ scalar: Unicode.Scalar) -> Bool {
        guard rest.first == UInt8(ascii: scalar) else { return false }
        rest.removeFirst()
        return true
    }

    private mutating func digit() -> Int? {
        guard let byte = rest.first, byte >= UInt8(ascii: "0"), byte <= UInt8(ascii: "9") else { return nil }
        rest.removeFirst()
        return Int(byte - UInt8(ascii: "0"))
    }

    mutating func number(digits: Int) -> Int? {
        var value = 0
        for _ in 0..<digits {
            guard let digit = digit() else { return nil }
            value = value * 10 + digit
        }
        return value
    }

    /// 0 where there is no fraction, nil where the point has no digit after it. Digits past the sixth are dropped.
    mutating func fractionInMicroseconds() -> Int? {
        guard skip(".") else { return 0 }
        guard let first = digit() else { return nil }
        var (value, scale) = (first * 100_000, 10_000)
        while let next = digit() {
            value += next * scale
            scale /= 10
        }
        return value
    }

    mutating func zoneOffsetInSeconds() -> Int? {
        if isAtEnd || skip("Z") || skip("z") { return 0 }
        let sign = skip("-") ? -1 : 1
        guard sign == -1 || skip("+"), let hours = number(digits: 2), hours <= 23 else { return nil }
        _ = skip(":")
        guard let minutes = number(digits: 2), minutes <= 59 else { return nil }
        return sign * (hours * 3_600 + minutes * 60)
    }
}
