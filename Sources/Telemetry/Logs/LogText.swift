/// Text from anywhere, written so that it neither breaks its line nor drives the terminal that shows it.
enum LogText {
    /// As it is, but for what cannot be shown.
    static func appendPlain(_ text: String, to line: inout String) {
        if isASCIIToShow(text, butFor: { _ in false }) { return line += text }
        for scalar in text.unicodeScalars { append(scalar, quoting: false, to: &line) }
    }

    /// Whether all of it is ASCII that can be shown, which nearly every text is, and none of it such as the caller says.
    private static func isASCIIToShow(_ text: String, butFor isOther: (UInt8) -> Bool) -> Bool {
        text.utf8.allSatisfy { $0 >= 0x20 && $0 < 0x7F && !isOther($0) }
    }

    /// In quotes where the line could be misread without.
    static func appendValue(_ text: String, to line: inout String) {
        let isPlain =
            isASCIIToShow(text) { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\"") }
            || text.unicodeScalars.allSatisfy { $0 != " " && $0 != "\"" && !mustEscape($0) }
        if isPlain, !text.isEmpty { line += text } else { appendQuoted(text, to: &line) }
    }

    /// A JSON string (RFC 8259), with more escapes than JSON asks for.
    static func appendQuoted(_ text: String, to line: inout String) {
        line += "\""
        if isASCIIToShow(text, butFor: { $0 == UInt8(ascii: "\"") || $0 == UInt8(ascii: "\\") }) {
            line += text
        } else {
            for scalar in text.unicodeScalars { append(scalar, quoting: true, to: &line) }
        }
        line += "\""
    }

    private static func append(_ scalar: Unicode.Scalar, quoting: Bool, to line: inout String) {
        switch scalar {
        case "\"" where quoting: line += #"\""#
        case "\\" where quoting: line += #"\\"#
        case "\n": line += #"\n"#
        case "\r": line += #"\r"#
        case "\t": line += #"\t"#
        case _ where mustEscape(scalar): for unit in scalar.utf16 { appendEscaped(unit, to: &line) }
        default: line.unicodeScalars.append(scalar)
        }
    }

    private static func appendEscaped(_ unit: UInt16, to line: inout String) {
        let digits = String(unit, radix: 16)
        line += #"\u"# + String(repeating: "0", count: 4 - digits.count) + digits
    }

    /// Control characters of both ranges, line separators, and the invisible ones that reorder what is read.
    private static func mustEscape(_ scalar: Unicode.Scalar) -> Bool {
        if scalar.value < 0x7F { return scalar.value < 0x20 }
        switch scalar.properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator: return true
        default: return false
        }
    }
}
