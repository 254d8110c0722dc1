/// The tokens of one JSON text, in order, and the grammar over them. A borrowed view: copying it copies no text.
///
/// The indexer has seen to UTF-8, to quotes and to bare control characters; `members` and `check` see to the rest.
/// Everything else here may be asked only about what those have passed.
struct JSONTokens {
    let bytes: UnsafePointer<UInt8>
    let byteCount: Int
    let starts: UnsafePointer<UInt32>
    let count: Int
    /// Whether a backslash occurs anywhere; where none does, no string needs a second look.
    let hasEscapes: Bool
    /// Whether a space or a control character occurs anywhere; where none does, no white space is looked for.
    let hasBlanks: Bool

    /// The same tokens, which outlive the indexer's next call.
    @inline(__always)
    func keepingStarts(in scratch: inout Scratch) -> JSONTokens {
        let starts = UnsafeRawBufferPointer(start: starts, count: count * MemoryLayout<UInt32>.stride)
        scratch.begin(room: starts.count)
        scratch.append(starts)
        guard let kept = scratch.bytes.baseAddress else { return self }
        return JSONTokens(
            bytes: bytes, byteCount: byteCount, starts: kept.assumingMemoryBound(to: UInt32.self), count: count,
            hasEscapes: hasEscapes, hasBlanks: hasBlanks)
    }

    /// The first byte of a token, or 0, which begins no token of a valid text, past the last one.
    subscript(token: Int) -> UInt8 {
        @inline(__always) get { token < count ? bytes[Int(starts[token])] : 0 }
    }

    @inline(__always)
    func start(_ token: Int) -> Int { token < count ? Int(starts[token]) : byteCount }

    /// The offset after the last byte of a token, which has to be there: from the next token back over white space.
    @inline(__always)
    func end(_ token: Int) -> Int {
        var end = start(token + 1)
        guard hasBlanks else { return end }
        while Self.isWhiteSpace(bytes[end - 1]) { end -= 1 }
        return end
    }

    /// The bytes of one token, which has to be there.
    @inline(__always)
    func text(_ token: Int) -> UnsafeRawBufferPointer {
        let start = start(token)
        return UnsafeRawBufferPointer(start: bytes + start, count: end(token) - start)
    }

    /// The bytes from one token's first to another's last.
    func text(_ tokens: ClosedRange<Int>) -> UnsafeRawBufferPointer {
        let start = start(tokens.lowerBound)
        return UnsafeRawBufferPointer(start: bytes + start, count: end(tokens.upperBound) - start)
    }

    /// Between the quotes of a string, escapes as they are.
    @inline(__always)
    func stringContent(_ token: Int) -> UnsafeRawBufferPointer {
        let start = start(token) + 1
        return UnsafeRawBufferPointer(start: bytes + start, count: end(token) - 1 - start)
    }

    /// The token after the value that begins at `token`, in a text that has been checked.
    func skip(_ token: Int) -> Int {
        var token = token
        var depth = 0
        repeat {
            switch self[token] {
            case UInt8(ascii: "{"), UInt8(ascii: "["): depth += 1
            case UInt8(ascii: "}"), UInt8(ascii: "]"): depth -= 1
            default: break
            }
            token += 1
        } while depth > 0
        return token
    }

    /// Calls `body` with the offsets of each stretch of `tokens` that has no white space between tokens.
    ///
    /// A token never ends in a white-space byte, so the byte before a token tells.
    @inline(__always)
    func forEachRun(_ tokens: ClosedRange<Int>, _ body: (Range<Int>) -> Void) {
        var runStart = start(tokens.lowerBound)
        var token = tokens.lowerBound + 1
        while token <= tokens.upperBound {
            let start = Int(starts[token])
            if Self.isWhiteSpace(bytes[start - 1]) {
                body(runStart..<end(token - 1))
                runStart = start
            }
            token += 1
        }
        body(runStart..<end(tokens.upperBound))
    }

    /// White space as JSON has it, given that the byte is not part of a string. Anything else up to the space character
    /// has been refused by the time this is asked, or is about to be.
    @inline(__always)
    private static func isWhiteSpace(_ byte: UInt8) -> Bool {
        byte <= 0x20 && (byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09)
    }
}
