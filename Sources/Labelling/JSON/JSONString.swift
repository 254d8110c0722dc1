/// The escapes of JSON strings (RFC 8259, section 7).
enum JSONString {
    private static let backslash = UInt8(ascii: "\\")

    /// Whether `content`, the text between two quotes, has an escape in it.
    static func hasEscape(_ content: UnsafeRawBufferPointer) -> Bool { nextEscape(content, from: 0) < content.count }

    /// The offset of the first backslash from `start` on, or the count of bytes.
    @inline(__always)
    private static func nextEscape(_ content: UnsafeRawBufferPointer, from start: Int) -> Int {
        var position = start
        while position < content.count, content[position] != backslash { position += 1 }
        return position
    }

    /// Checks the escapes of `content`. A surrogate must have its other half: alone it is no character, and no UTF-8
    /// can say it.
    static func checkEscapes(_ content: UnsafeRawBufferPointer, at offset: Int) throws(JSONFault) {
        var position = nextEscape(content, from: 0)
        while position < content.count {
            guard let (scalar, length) = escape(content, at: position) else {
                throw JSONFault(.badEscape, at: offset + position)
            }
            guard Unicode.Scalar(scalar) != nil else { throw JSONFault(.loneSurrogate, at: offset + position) }
            position = nextEscape(content, from: position + length)
        }
    }

    /// Writes `content` with its escapes resolved and returns the count of bytes, which is at most that of `content`.
    /// The escapes have been checked.
    static func unescape(_ content: UnsafeRawBufferPointer, into target: UnsafeMutablePointer<UInt8>) -> Int {
        var position = 0
        var written = 0
        while position < content.count {
            guard content[position] == backslash, let (value, length) = escape(content, at: position) else {
                target[written] = content[position]
                position += 1
                written += 1
                continue
            }
            position += length
            for byte in Unicode.UTF8.encode(Unicode.Scalar(value) ?? "\u{FFFD}")
                ?? Unicode.UTF8.encodedReplacementCharacter
            {
                target[written] = byte
                written += 1
            }
        }
        return written
    }

    /// The code point that the escape at `position` stands for and the bytes it takes; a surrogate pair is one escape,
    /// half of one is returned as it is. Nil if it is none of JSON's.
    private static func escape(_ content: UnsafeRawBufferPointer, at position: Int) -> (UInt32, Int)? {
        guard position + 1 < content.count else { return nil }
        switch content[position + 1] {
        case UInt8(ascii: "\""), backslash, UInt8(ascii: "/"): return (UInt32(content[position + 1]), 2)
        case UInt8(ascii: "b"): return (0x08, 2)
        case UInt8(ascii: "f"): return (0x0C, 2)
        case UInt8(ascii: "n"): return (0x0A, 2)
        case UInt8(ascii: "r"): return (0x0D, 2)
        case UInt8(ascii: "t"): return (0x09, 2)
        case UInt8(ascii: "u"):
            guard let unit = codeUnit(content, at: position) else { return nil }
            guard (0xD800..<0xDC00).contains(unit), let low = codeUnit(content, at: position + 6),
                (0xDC00..<0xE000).contains(low)
            else { return (unit, 6) }
            return (0x10000 + ((unit - 0xD800) << 10) + (low - 0xDC00), 12)
        default: return nil
        }
    }

    /// The four digits of a `\uXXXX` at `position`.
    private static func codeUnit(_ content: UnsafeRawBufferPointer, at position: Int) -> UInt32? {
        guard position + 6 <= content.count, content[position] == backslash,
            content[position + 1] == UInt8(ascii: "u")
        else { return nil }
        var unit: UInt32 = 0
        for digit in content[(position + 2)..<(position + 6)] {
            guard let value = hexadecimalValue(digit) else { return nil }
            unit = unit << 4 | value
        }
        return unit
    }

    /// What a hexadecimal digit of either case counts.
    static func hexadecimalValue(_ digit: UInt8) -> UInt32? {
        switch digit {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): UInt32(digit - UInt8(ascii: "0"))
        case UInt8(ascii: "a")...UInt8(ascii: "f"): UInt32(digit - UInt8(ascii: "a") + 10)
        case UInt8(ascii: "A")...UInt8(ascii: "F"): UInt32(digit - UInt8(ascii: "A") + 10)
        default: nil
        }
    }

    /// Appends `text` as a JSON string, quotes included.
    static func append(_ text: some Sequence<UInt8>, to output: inout [UInt8]) {
        output.append(UInt8(ascii: "\""))
        for byte in text {
            switch byte {
            case UInt8(ascii: "\""), backslash: output += [backslash, byte]
            case 0..<0x20:
                let hexadecimal = Array("0123456789abcdef".utf8)
                output += "\\u00".utf8
                output += [hexadecimal[Int(byte >> 4)], hexadecimal[Int(byte & 15)]]
            default: output.append(byte)
            }
        }
        output.append(UInt8(ascii: "\""))
    }
}
