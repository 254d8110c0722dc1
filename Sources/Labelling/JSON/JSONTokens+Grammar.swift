#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Musl)
    internal import Musl
#else
    internal import Darwin
#endif

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
            token = try visit(token, try checkName(token))
            switch self[token] {
            case UInt8(ascii: ","): token += 1
            case UInt8(ascii: "}"): return token + 1
            default: throw JSONFault(.expectedCommaOrEnd, at: start(token))
            }
        }
    }

    /// Checks the value that begins at `token`, inside `depth` containers. Returns the token after it.
    @inline(__always)
    func check(_ token: Int, depth: Int) throws(JSONFault) -> Int {
        // Most values are strings, and of one without escapes the indexer has seen to everything.
        if !hasEscapes, self[token] == UInt8(ascii: "\"") { return token + 1 }
        return try checkAny(token, depth: depth)
    }

    private func checkAny(_ token: Int, depth: Int) throws(JSONFault) -> Int {
        var token = token
        // The containers that are open, the innermost one in the lowest bit: 1 is an object, 0 an array. They fit,
        // since there are at most `maximumDepth` of them.
        var kinds: UInt64 = 0
        var open = 0
        while true {
            switch self[token] {
            case UInt8(ascii: "\""):
                try checkString(token)
                token += 1
            case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"):
                try checkNumber(token)
                token += 1
            case let bracket where bracket == UInt8(ascii: "{") || bracket == UInt8(ascii: "["):
                guard depth + open < EventDecoder.maximumDepth else { throw JSONFault(.tooDeep, at: start(token)) }
                let isObject = bracket == UInt8(ascii: "{")
                token += 1
                guard self[token] == bracket + 2 else {
                    kinds = kinds << 1 | (isObject ? 1 : 0)
                    open += 1
                    if isObject { token = try checkName(afterStrings(token)) }
                    continue
                }
                token += 1
            default:
                guard token < count, isLiteral(token) else { throw JSONFault(.expectedValue, at: start(token)) }
                token += 1
            }
            // A value has ended, and with it, perhaps, containers.
            while open > 0 {
                let isObject = kinds & 1 == 1
                if self[token] == UInt8(ascii: ",") {
                    token += 1
                    if isObject { token = try checkName(afterStrings(token)) }
                    break
                }
                guard self[token] == (isObject ? UInt8(ascii: "}") : UInt8(ascii: "]")) else {
                    throw JSONFault(.expectedCommaOrEnd, at: start(token))
                }
                token += 1
                kinds >>= 1
                open -= 1
            }
            if open == 0 { return token }
        }
    }

    /// The token after all members from `token` on that are plain and have another one behind them: with a string for a
    /// value, and no escapes. Most members are, and nothing else is to be checked of them.
    @inline(__always)
    private func afterStrings(_ token: Int) -> Int {
        var token = token
        guard !hasEscapes else { return token }
        while token + 3 < count {
            let starts = starts + token
            guard bytes[Int(starts[0])] == UInt8(ascii: "\""), bytes[Int(starts[1])] == UInt8(ascii: ":"),
                bytes[Int(starts[2])] == UInt8(ascii: "\""), bytes[Int(starts[3])] == UInt8(ascii: ",")
            else { break }
            token += 4
        }
        return token
    }

    /// Checks a member's name and the colon after it. Returns the token of the member's value.
    @inline(__always)
    private func checkName(_ token: Int) throws(JSONFault) -> Int {
        guard self[token] == UInt8(ascii: "\"") else { throw JSONFault(.expectedKey, at: start(token)) }
        try checkString(token)
        guard self[token + 1] == UInt8(ascii: ":") else { throw JSONFault(.expectedColon, at: start(token + 1)) }
        return token + 2
    }

    private func isLiteral(_ token: Int) -> Bool {
        let text = text(token)
        return text.equals("true") || text.equals("false") || text.equals("null")
    }

    /// Checks what the indexer leaves to check of the string at `token`: its escapes. That it is closed, and that
    /// nothing but white space comes between its end and the next token, is what the indexer vouches for.
    @inline(__always)
    private func checkString(_ token: Int) throws(JSONFault) {
        assert(end(token) - start(token) >= 2 && bytes[end(token) - 1] == UInt8(ascii: "\""))
        if hasEscapes { try JSONString.checkEscapes(stringContent(token), at: start(token) + 1) }
    }

    /// `-? (0 | [1-9][0-9]*) (. [0-9]+)? ([eE] [+-]? [0-9]+)?`, and nothing after it.
    private func checkNumber(_ token: Int) throws(JSONFault) {
        let text = text(token)
        var position = text[0] == UInt8(ascii: "-") ? 1 : 0
        let whole = text.digits(from: position)
        var isValid = whole == 1 || (whole > 1 && text[position] != UInt8(ascii: "0"))
        position += whole
        if position < text.count, text[position] == UInt8(ascii: ".") {
            let fraction = text.digits(from: position + 1)
            isValid = isValid && fraction > 0
            position += 1 + fraction
        }
        var hasExponent = false
        if position < text.count, text[position] | 0x20 == UInt8(ascii: "e") {
            hasExponent = true
            position += 1
            if position < text.count, text[position] == UInt8(ascii: "+") || text[position] == UInt8(ascii: "-") {
                position += 1
            }
            let exponent = text.digits(from: position)
            isValid = isValid && exponent > 0
            position += exponent
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
    func equals(_ other: UnsafeRawBufferPointer) -> Bool {
        guard count == other.count else { return false }
        guard let bytes = baseAddress, let others = other.baseAddress else { return true }
        return memcmp(bytes, others, count) == 0
    }

    /// Whether the bytes are those of an ASCII literal.
    @inline(__always)
    func equals(_ literal: StaticString) -> Bool {
        guard count == literal.utf8CodeUnitCount, let bytes = baseAddress else { return false }
        // Of a known length, so that no function is called.
        return memcmp(bytes, literal.utf8Start, literal.utf8CodeUnitCount) == 0
    }

    /// How many decimal digits there are from `start` on.
    @inline(__always)
    fileprivate func digits(from start: Int) -> Int {
        var end = start
        while end < count, self[end] &- UInt8(ascii: "0") < 10 { end += 1 }
        return end - start
    }
}
