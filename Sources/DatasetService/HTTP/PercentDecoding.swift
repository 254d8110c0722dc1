import SigV4

/// RFC 3986 percent-decoding of one path segment.
enum PercentDecoding {
    /// The decoded text; nil where an escape has no two hexadecimal digits or the bytes are not UTF-8.
    static func decodeSegment(_ segment: some StringProtocol) -> String? {
        var out: [UInt8] = []
        out.reserveCapacity(segment.utf8.count)
        var bytes = segment.utf8.makeIterator()
        while let byte = bytes.next() {
            guard byte == UInt8(ascii: "%") else {
                out.append(byte)
                continue
            }
            guard let high = bytes.next().flatMap(Hexadecimal.value), let low = bytes.next().flatMap(Hexadecimal.value)
            else { return nil }
            out.append(high << 4 | low)
        }
        return String(validating: out, as: UTF8.self)
    }
}
