extension JSONTokens {
    /// Checks the object that begins at `token`. `visit` is given each member's name and value as tokens, checks the
    /// value and returns the token after it. Returns the token after the object.
    @inline(__always)
    func members(
        _ token: Int, _ visit: (_ name: Int, _ value: Int) throws(JSONFault) -> Int
    ) throws(JSONFault) -> Int {
        var token = token + 1
        if self[token] == UInt8(ascii: "}") { return token + 1 }
        while true {
            guard self[token] == UInt8(ascii: "\"") else { throw JSONFault(.expectedKey, at: start(token)) }
            try checkString(token)
            guard self[token + 1] == UInt8(ascii: ":") else { throw JSONFault(.expectedColon, at: start(token + 1)) }
            token = try visit(token, token + 2)
            switch self[token] {
            case UInt8(ascii: ","): token += 1
            case UInt8(ascii: "}"): return token + 1
            default: throw JSONFault(.expectedCommaOrEnd, at: start(token))
            }
        }
    }

    /// Checks the value that begins at `token`, inside `depth` containers. Returns the token after it.
    func check(_ token: Int, depth: Int) throws(JSONFault) -> Int {
        switch self[token] {
        case UInt8(ascii: "\""):
            try checkString(token)
            return token + 1
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"):
            try checkNumber(token)
            return token + 1
        case UInt8(ascii: "{"):
            try checkDepth(token, depth)
            return try members(token) { _, value throws(JSONFault) in try check(value, depth: depth + 1) }
        case UInt8(ascii: "["):
            try checkDepth(token, depth)
            return try checkElements(token, depth: depth + 1)
        default:
            guard isLiteral(token) else { throw JSONFault(.expectedValue, at: start(token)) }
            return token + 1
        }
    }

    private func checkElements(_ token: Int, depth: Int) throws(JSONFault) -> Int {
        var token = token + 1
        if self[token] == UInt8(ascii: "]") { return token + 1 }
        while true {
            token = try check(token, depth: depth)
            switch self[token] {
            case UInt8(ascii: ","): token += 1
            case UInt8(ascii: "]"): return token + 1
            default: throw JSONFault(.expectedCommaOrEnd, at: start(token))
            }
        }
    }

    @inline(__always)
    private func checkDepth(_ token: Int, _ depth: Int) throws(JSONFault) {
        guard depth < EventDecoder.maximumDepth else { throw JSONFault(.tooDeep, at: start(token)) }
    }

    private func isLiteral(_ token: Int) -> Bool {
        let text = text(token)
        return text.equals("true") || text.equals("false") || text.equals("null")
    }

    @inline(__always)
    private func checkString(_ token: Int) throws(JSONFault) {
        let end = end(token)
        guard end - start(token) >= 2, bytes[end - 1] == UInt8(ascii: "\"") else {
            throw JSONFault(.unclosedString, at: start(token))
        }
        if hasEscapes { try JSONString.checkEscapes(stringContent(token), at: start(token) + 1) }
    }

    /// `-? (0 | [1-9][0-9]*) (. [0-9]+)? ([eE] [+-]? [0-9]+)?`, and nothing after it.
    private func checkNumber(_ token: Int) throws(JSONFault) {
        let text = text(token)
        var position = 0
        func digits() -> Int {
            let from = position
            while position < text.count, text[position] &- UInt8(ascii: "0") < 10 { position += 1 }
            return position - from
        }
        func take(_ first: UInt8, or second: UInt8) -> Bool {
            guard position < text.count, text[position] == first || text[position] == second else { return false }
            position += 1
            return true
        }

        _ = take(UInt8(ascii: "-"), or: UInt8(ascii: "-"))
        let leadingZero = position < text.count && text[position] == UInt8(ascii: "0")
        let whole = digits()
        var isValid = whole == 1 || (whole > 1 && !leadingZero)
        if take(UInt8(ascii: "."), or: UInt8(ascii: ".")) { isValid = digits() > 0 && isValid }
        var hasExponent = false
        if take(UInt8(ascii: "e"), or: UInt8(ascii: "E")) {
            hasExponent = true
            _ = take(UInt8(ascii: "+"), or: UInt8(ascii: "-"))
            isValid = digits() > 0 && isValid
        }
        guard isValid, position == text.count else { throw JSONFault(.badNumber, at: start(token)) }
        // The grammar allows 1e999, readers do not agree on what it is, and some refuse the whole line. Only numbers
        // written with an exponent or with hundreds of digits can be that large.
        if hasExponent || whole > 300 {
            guard let value = Double(String(decoding: text, as: UTF8.self)), value.isFinite else {
                throw JSONFault(.numberOutOfRange, at: start(token))
            }
        }
    }
}

extension UnsafeRawBufferPointer {
    /// Whether the bytes are those of an ASCII literal.
    @inline(__always)
    func equals(_ literal: StaticString) -> Bool {
        guard count == literal.utf8CodeUnitCount else { return false }
        var index = 0
        while index < count {
            if self[index] != literal.utf8Start[index] { return false }
            index += 1
        }
        return true
    }
}
