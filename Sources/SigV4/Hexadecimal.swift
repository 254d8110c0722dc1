/// Lower-case hexadecimal, as digests and signatures are written.
package enum Hexadecimal {
    /// Two digits a byte. Of digests, as of arrays: `digest.withUnsafeBytes(Hexadecimal.encode)`.
    package static func encode(_ bytes: UnsafeRawBufferPointer) -> String {
        String(unsafeUninitializedCapacity: bytes.count * 2) { text in
            for (number, byte) in bytes.enumerated() {
                text[number * 2] = digit(byte >> 4)
                text[number * 2 + 1] = digit(byte & 15)
            }
            return bytes.count * 2
        }
    }

    private static func digit(_ value: UInt8) -> UInt8 {
        value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "a") - 10 + value
    }

    /// The bytes; nil where there is anything but pairs of lower-case digits.
    package static func decode(_ text: some StringProtocol) -> [UInt8]? {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(text.utf8.count / 2)
        var rest = text.utf8.makeIterator()
        while let first = rest.next() {
            guard let high = lowerCaseValue(first), let low = rest.next().flatMap(lowerCaseValue) else { return nil }
            bytes.append(high << 4 | low)
        }
        return bytes
    }

    /// What a digit of either case stands for; nil for what is none.
    package static func value(_ digit: UInt8) -> UInt8? {
        switch digit {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): digit - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): digit - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): digit - UInt8(ascii: "A") + 10
        default: nil
        }
    }

    private static func lowerCaseValue(_ digit: UInt8) -> UInt8? {
        UInt8(ascii: "A")...UInt8(ascii: "F") ~= digit ? nil : value(digit)
    }
}
