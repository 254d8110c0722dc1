internal import CBase64

/// Standard base64 with padding, over a stream of chunks of any size.
///
/// A long payload is encoded twice, for its hash and for the wire. So it goes 24 or 48 bytes at a time where the processor
/// can, and elsewhere six, twelve bits of which are looked up at once.
struct Base64Encoder {
    /// Whether the processor's wide instructions may be used, where it has them.
    var isWide = true

    /// What `count` bytes become.
    static func encodedByteCount(_ count: Int) -> Int { (count + 2) / 3 * 4 }

    private static let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)

    /// The two characters of every 12 bits, in the order they lie in memory.
    private static let pairs: [UInt16] = (0..<4096).map { bits in
        UInt16(littleEndian: UInt16(alphabet[bits >> 6]) | UInt16(alphabet[bits & 63]) << 8)
    }

    /// Bytes that there have to be for the wide instructions.
    private static let widest = 28

    /// The one or two bytes of the last chunk that did not fill a group of three, lowest byte last.
    private var rest: UInt32 = 0
    private var restCount = 0

    /// Encodes all whole groups of three; what is left over waits for the next chunk or for `finish`.
    ///
    /// - Parameters:
    ///   - input: the next bytes.
    ///   - output: has room for `encodedByteCount(input.count + 2)`.
    /// - Returns: how many bytes of `output` were written.
    mutating func encode(_ input: UnsafeRawBufferPointer, into output: UnsafeMutableRawBufferPointer) -> Int {
        precondition(output.count >= Self.encodedByteCount(input.count + restCount))
        var read = 0
        var written = 0
        while restCount > 0, restCount < 3, read < input.count {
            rest = rest << 8 | UInt32(input[read])
            restCount += 1
            read += 1
        }
        if restCount == 3 {
            Self.storeGroup(rest, into: output, at: 0)
            written = 4
            rest = 0
            restCount = 0
        }
        if isWide, input.count - read >= Self.widest, let from = input.baseAddress, let to = output.baseAddress {
            let taken = cbase64_encode_blocks(from + read, input.count - read, to + written)
            read += taken
            written += Self.encodedByteCount(taken)
        }
        Self.pairs.withUnsafeBufferPointer { pairs in
            // A round reads eight bytes and uses six of them.
            while input.count - read >= 8 {
                let bits = UInt64(bigEndian: input.loadUnaligned(fromByteOffset: read, as: UInt64.self))
                let characters =
                    UInt64(UInt16(littleEndian: pairs[Int(bits >> 52)]))
                    | UInt64(UInt16(littleEndian: pairs[Int(bits >> 40 & 0xfff)])) << 16
                    | UInt64(UInt16(littleEndian: pairs[Int(bits >> 28 & 0xfff)])) << 32
                    | UInt64(UInt16(littleEndian: pairs[Int(bits >> 16 & 0xfff)])) << 48
                output.storeBytes(of: characters.littleEndian, toByteOffset: written, as: UInt64.self)
                read += 6
                written += 8
            }
        }
        while input.count - read >= 3 {
            let group = UInt32(input[read]) << 16 | UInt32(input[read + 1]) << 8 | UInt32(input[read + 2])
            Self.storeGroup(group, into: output, at: written)
            read += 3
            written += 4
        }
        while read < input.count {
            rest = rest << 8 | UInt32(input[read])
            restCount += 1
            read += 1
        }
        return written
    }

    /// Writes the last group with its padding, if there is one, and starts afresh.
    ///
    /// - Parameter output: has room for four bytes.
    /// - Returns: how many bytes were written: 0 or 4.
    mutating func finish(into output: UnsafeMutableRawBufferPointer) -> Int {
        guard restCount > 0 else { return 0 }
        Self.storeGroup(rest << (8 * (3 - UInt32(restCount))), into: output, at: 0)
        output[3] = UInt8(ascii: "=")
        if restCount == 1 { output[2] = UInt8(ascii: "=") }
        rest = 0
        restCount = 0
        return 4
    }

    private static func storeGroup(_ group: UInt32, into output: UnsafeMutableRawBufferPointer, at offset: Int) {
        output.storeBytes(of: pairs[Int(group >> 12 & 0xfff)], toByteOffset: offset, as: UInt16.self)
        output.storeBytes(of: pairs[Int(group & 0xfff)], toByteOffset: offset + 2, as: UInt16.self)
    }
}
