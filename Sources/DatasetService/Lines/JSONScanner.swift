import SigV4

/// Walks over the JSON (RFC 8259) of one line without building anything: it checks the grammar and hands out where the
/// strings are.
///
/// The one place that knows JSON's grammar for lines. Unlike a decoder into a dictionary it can see a key that comes
/// twice. The bytes must be valid UTF-8; the scanner does not check that.
struct JSONScanner {
    /// What is wrong, and at which byte of the line (counted from 1).
    struct SyntaxError: Error {
        var expected: String
        var column: Int
    }

    /// A string's bytes between its quotes, not yet decoded.
    struct StringToken {
        var range: Range<Int>
        var hasEscapes: Bool
    }

    /// Deeper nesting than any manifest has; what is deeper is refused rather than followed.
    private static let depthLimit = 64

    let bytes: [UInt8]
    private let start: Int
    private let end: Int
    private var position: Int

    init(_ bytes: [UInt8], range: Range<Int>) {
        self.bytes = bytes
        start = range.lowerBound
        end = range.upperBound
        position = range.lowerBound
    }

    // MARK: Objects

    /// Steps into an object.
    mutating func enterObject() throws(SyntaxError) {
        skipWhitespace()
        guard take("{") else { throw failure("an object") }
    }

    /// Steps to the next member of the object and over its colon; nil after stepping over the closing brace.
    mutating func nextKey(isFirst: inout Bool) throws(SyntaxError) -> StringToken? {
        skipWhitespace()
        if take("}") { return nil }
        if !isFirst {
            guard take(",") else { throw failure("a comma or the end of the object") }
            skipWhitespace()
        }
        isFirst = false
        let key = try readString()
        skipWhitespace()
        guard take(":") else { throw failure("a colon") }
        return key
    }

    /// Whether the next value is an object.
    mutating func isAtObject() -> Bool {
        skipWhitespace()
        return peek == UInt8(ascii: "{")
    }

    /// The next value if it is a string; steps over it in any case.
    mutating func readStringValue() throws(SyntaxError) -> StringToken? {
        skipWhitespace()
        if peek == UInt8(ascii: "\"") { return try readString() }
        try skipValue()
        return nil
    }

    /// Steps over any value, checking it.
    mutating func skipValue() throws(SyntaxError) {
        try skipValue(depth: 1)
    }

    /// Nothing but white space may be left.
    mutating func expectEnd() throws(SyntaxError) {
        skipWhitespace()
        guard position == end else { throw failure("the end of the line") }
    }

    // MARK: Strings

    /// Whether the string is `literal`; one written with escapes is decoded first.
    func matches(_ token: StringToken, _ literal: StaticString) -> Bool {
        if token.hasEscapes { return decode(token) == literal.description }
        guard token.range.count == literal.utf8CodeUnitCount else { return false }
        return literal.withUTF8Buffer { bytes[token.range].elementsEqual($0) }
    }

    /// The string's text; nil if it has half a surrogate pair, which no Unicode text has.
    func decode(_ token: StringToken) -> String? {
        guard token.hasEscapes else { return String(decoding: bytes[token.range], as: UTF8.self) }
        var text = ""
        var index = token.range.lowerBound
        while index < token.range.upperBound {
            guard bytes[index] == UInt8(ascii: "\\") else {
                let rest = bytes[index..<token.range.upperBound]
                let stop = rest.firstIndex(of: UInt8(ascii: "\\")) ?? token.range.upperBound
                text += String(decoding: bytes[index..<stop], as: UTF8.self)
                index = stop
                continue
            }
            guard let (scalar, length) = unescape(at: index) else { return nil }
            text.unicodeScalars.append(scalar)
            index += length
        }
        return text
    }

    /// The scalar that the escape at `index` stands for, and how many bytes it takes. `readString` has checked the form.
    private func unescape(at index: Int) -> (Unicode.Scalar, Int)? {
        switch bytes[index + 1] {
        case UInt8(ascii: "b"): return ("\u{8}", 2)
        case UInt8(ascii: "f"): return ("\u{c}", 2)
        case UInt8(ascii: "n"): return ("\n", 2)
        case UInt8(ascii: "r"): return ("\r", 2)
        case UInt8(ascii: "t"): return ("\t", 2)
        case UInt8(ascii: "u"):
            let unit = hexadecimal(at: index + 2)
            if let scalar = Unicode.Scalar(unit) { return (scalar, 6) }
            guard UTF16.isLeadSurrogate(UInt16(unit)), index + 12 <= end,
                bytes[index + 6] == UInt8(ascii: "\\"), bytes[index + 7] == UInt8(ascii: "u")
            else { return nil }
            let low = hexadecimal(at: index + 8)
            guard UTF16.isTrailSurrogate(UInt16(low)) else { return nil }
            return Unicode.Scalar(0x10000 + (unit - 0xD800) << 10 + (low - 0xDC00)).map { ($0, 12) }
        case let byte: return (Unicode.Scalar(byte), 2)
        }
    }

    private func hexadecimal(at index: Int) -> UInt32 {
        bytes[index..<index + 4].reduce(0) { $0 << 4 | UInt32(Hexadecimal.value($1) ?? 0) }
    }

    private mutating func readString() throws(SyntaxError) -> StringToken {
        guard take("\"") else { throw failure("a string") }
        let first = position
        var hasEscapes = false
        while let byte = peek {
            position += 1
            switch byte {
            case UInt8(ascii: "\""):
                return StringToken(range: first..<position - 1, hasEscapes: hasEscapes)
            case UInt8(ascii: "\\"):
                hasEscapes = true
                try skipEscape()
            case 0..<0x20:
                position -= 1
                throw failure("no control character inside a string")
            default: break
            }
        }
        throw failure("the end of the string")
    }

    private mutating func skipEscape() throws(SyntaxError) {
        switch peek {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"), UInt8(ascii: "b"), UInt8(ascii: "f"),
            UInt8(ascii: "n"), UInt8(ascii: "r"), UInt8(ascii: "t"):
            position += 1
        case UInt8(ascii: "u"):
            position += 1
            for _ in 0..<4 {
                guard let byte = peek, Hexadecimal.value(byte) != nil else {
                    throw failure("four hexadecimal digits")
                }
                position += 1
            }
        default: throw failure("an escape sequence")
        }
    }

    // MARK: Other values

    private mutating func skipValue(depth: Int) throws(SyntaxError) {
        skipWhitespace()
        switch peek {
        case UInt8(ascii: "\""): _ = try readString()
        case UInt8(ascii: "{"): try skipObject(depth: depth)
        case UInt8(ascii: "["): try skipArray(depth: depth)
        case UInt8(ascii: "t"): try skipLiteral("true")
        case UInt8(ascii: "f"): try skipLiteral("false")
        case UInt8(ascii: "n"): try skipLiteral("null")
        default: try skipNumber()
        }
    }

    private mutating func skipObject(depth: Int) throws(SyntaxError) {
        guard depth < Self.depthLimit else { throw failure("less nesting") }
        try enterObject()
        var isFirst = true
        while try nextKey(isFirst: &isFirst) != nil {
            try skipValue(depth: depth + 1)
        }
    }

    private mutating func skipArray(depth: Int) throws(SyntaxError) {
        guard depth < Self.depthLimit else { throw failure("less nesting") }
        position += 1
        skipWhitespace()
        if take("]") { return }
        while true {
            try skipValue(depth: depth + 1)
            skipWhitespace()
            if take("]") { return }
            guard take(",") else { throw failure("a comma or the end of the array") }
        }
    }

    private mutating func skipLiteral(_ literal: StaticString) throws(SyntaxError) {
        let count = literal.utf8CodeUnitCount
        let isThere =
            position + count <= end
            && literal.withUTF8Buffer { bytes[position..<position + count].elementsEqual($0) }
        guard isThere else { throw failure("a value") }
        position += count
    }

    private mutating func skipNumber() throws(SyntaxError) {
        let isNegative = take("-")
        if !take("0") {
            guard skipDigits() else { throw failure(isNegative ? "a digit" : "a value") }
        }
        if take(".") {
            guard skipDigits() else { throw failure("a digit") }
        }
        if take("e") || take("E") {
            if !take("+") { _ = take("-") }
            guard skipDigits() else { throw failure("a digit") }
        }
    }

    /// Whether there was at least one digit.
    private mutating func skipDigits() -> Bool {
        let first = position
        while let byte = peek, byte >= UInt8(ascii: "0"), byte <= UInt8(ascii: "9") { position += 1 }
        return position > first
    }

    // MARK: Bytes

    private var peek: UInt8? { position < end ? bytes[position] : nil }

    private mutating func take(_ scalar: Unicode.Scalar) -> Bool {
        guard peek == UInt8(ascii: scalar) else { return false }
        position += 1
        return true
    }

    private mutating func skipWhitespace() {
        while let byte = peek, byte == 0x20 || byte == 0x09 || byte == 0x0D || byte == 0x0A { position += 1 }
    }

    private func failure(_ expected: String) -> SyntaxError {
        SyntaxError(expected: expected, column: position - start + 1)
    }
}
