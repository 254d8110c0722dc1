import Telemetry

/// A JSON text laid out for people: the members in their order, the values as they were written.
///
/// It only moves white space and marks what is what, so even a text that is no JSON loses nothing.
struct JSONText {
    let html: HTML

    init(_ text: String) {
        var layout = Layout()
        for character in text.unicodeScalars { layout.take(character) }
        html = layout.finish()
    }

    /// Walks over the text once.
    private struct Layout {
        private var out = HTML()
        private var depth = 0
        /// The string or literal in hand.
        private var token = ""
        private var isString = false
        private var isEscaped = false
        /// A string that may turn out to be a key when a colon follows.
        private var heldString: String?
        private var isAfterOpening = false

        mutating func take(_ scalar: Unicode.Scalar) {
            if isString {
                takeInString(scalar)
                return
            }
            switch scalar {
            case "\"":
                flush()
                isString = true
                token = "\""
            case "{", "[":
                flush()
                breakAfterOpening()
                mark(scalar)
                depth += 1
                isAfterOpening = true
            case "}", "]":
                flush()
                depth = max(0, depth - 1)
                // An empty object or array stays together.
                if isAfterOpening { isAfterOpening = false } else { breakLine() }
                mark(scalar)
            case ",":
                flush()
                mark(scalar)
                breakLine()
            case ":":
                if let key = heldString {
                    heldString = nil
                    breakAfterOpening()
                    out += "<span class=\"key\">\(key)</span>"
                }
                flush()
                mark(scalar)
                out += " "
            case " ", "\t", "\n", "\r": flush()
            default: token.unicodeScalars.append(scalar)
            }
        }

        private mutating func takeInString(_ scalar: Unicode.Scalar) {
            token.unicodeScalars.append(scalar)
            if isEscaped {
                isEscaped = false
            } else if scalar == "\\" {
                isEscaped = true
            } else if scalar == "\"" {
                isString = false
                heldString = token
                token = ""
            }
        }

        mutating func finish() -> HTML {
            flush()
            return out
        }

        private mutating func flush() {
            if let string = heldString {
                heldString = nil
                breakAfterOpening()
                out += "<span class=\"string\">\(string)</span>"
            }
            guard !token.isEmpty else { return }
            breakAfterOpening()
            out += "<span class=\"literal\">\(token)</span>"
            token = ""
        }

        private mutating func breakAfterOpening() {
            guard isAfterOpening else { return }
            isAfterOpening = false
            breakLine()
        }

        private mutating func breakLine() {
            out += "\n"
            // Deeper than a screen is wide nobody reads.
            for _ in 0..<min(depth, 16) { out += "  " }
        }

        private mutating func mark(_ scalar: Unicode.Scalar) {
            out += "<span class=\"mark\">\(String(scalar))</span>"
        }
    }
}
