/// Markup that is safe by construction: what a literal says is taken as it is, and what is interpolated is text.
///
///     let row: HTML = "<td title=\"\(name)\">\(name)</td>"
///
/// Only literals can be markup, as nothing makes ``HTML`` from a `String` at run time. Attribute values must stand in
/// double quotes; then the same escapes serve text and attributes. Never interpolate into a script, a style or the
/// beginning of a URL.
package struct HTML: Sendable, ExpressibleByStringInterpolation {
    /// The markup.
    package private(set) var text: String

    package init() {
        text = ""
    }

    package init(stringLiteral value: StaticString) {
        text = value.description
    }

    package init(stringInterpolation: StringInterpolation) {
        text = stringInterpolation.text
    }

    package static func += (left: inout HTML, right: HTML) {
        left.text += right.text
    }

    /// Builds the pieces of a literal.
    package struct StringInterpolation: StringInterpolationProtocol {
        fileprivate var text: String

        package init(literalCapacity: Int, interpolationCount: Int) {
            text = ""
            text.reserveCapacity(literalCapacity + interpolationCount * 16)
        }

        package mutating func appendLiteral(_ literal: StaticString) {
            text += literal.description
        }

        /// Text from anywhere. Characters that cannot be seen, or that reorder what is read, are shown as `\u202e`.
        package mutating func appendInterpolation(_ value: some StringProtocol) {
            for scalar in value.unicodeScalars {
                if Self.mustShow(scalar) {
                    let digits = String(scalar.value, radix: 16)
                    text += #"\u"# + String(repeating: "0", count: max(0, 4 - digits.count)) + digits
                } else {
                    append(scalar)
                }
            }
        }

        /// Text that must come back as it is, such as the value of a form's field.
        package mutating func appendInterpolation(exactly value: some StringProtocol) {
            for scalar in value.unicodeScalars { append(scalar) }
        }

        package mutating func appendInterpolation(_ number: Int) {
            text += String(number)
        }

        package mutating func appendInterpolation(_ markup: HTML?) {
            text += markup?.text ?? ""
        }

        package mutating func appendInterpolation(_ pieces: [HTML]) {
            for piece in pieces { text += piece.text }
        }

        private mutating func append(_ scalar: Unicode.Scalar) {
            switch scalar {
            case "&": text += "&amp;"
            case "<": text += "&lt;"
            case ">": text += "&gt;"
            case "\"": text += "&quot;"
            case "'": text += "&#39;"
            // A parser would take it for the end of the document's bytes or replace it.
            case "\0": text += "\u{FFFD}"
            default: text.unicodeScalars.append(scalar)
            }
        }

        private static func mustShow(_ scalar: Unicode.Scalar) -> Bool {
            switch scalar.value {
            case 0x09, 0x0A: false
            case 0x00...0x1F, 0x7F...0x9F: true
            // Zero-width spaces, marks and overrides of direction, line separators, isolates, byte order mark.
            case 0x200B, 0x200E...0x200F, 0x2028...0x202E, 0x2060...0x2069, 0xFEFF: true
            default: false
            }
        }
    }
}
