/// A fast hash of short byte strings for tables in memory: multiply and fold, sixteen bytes a step.
///
/// Keyed anew in every process, so that nobody outside can prepare texts that collide; nothing but the speed of a look-up
/// depends on it.
struct KeyedHash: Sendable {
    private let first: UInt64
    private let second: UInt64

    init(first: UInt64, second: UInt64) {
        self.first = first
        self.second = second
    }

    /// The process's key.
    static let process = KeyedHash(first: .random(in: .min ... .max), second: .random(in: .min ... .max))

    /// The hash of `bytes`; equal bytes have equal hashes within a process.
    @inline(__always)
    func callAsFunction(_ bytes: UnsafeRawBufferPointer) -> UInt64 {
        let count = bytes.count
        var state = first
        var position = 0
        while count - position > 16 {
            state = Self.fold(word(bytes, position) ^ second, word(bytes, position + 8) ^ state)
            position += 16
        }
        // The last sixteen bytes, some of them once more, or whatever there is of fewer.
        var low: UInt64 = 0
        var high: UInt64 = 0
        if count >= 16 {
            low = word(bytes, count - 16)
            high = word(bytes, count - 8)
        } else if count >= 8 {
            low = word(bytes, 0)
            high = word(bytes, count - 8)
        } else {
            for byte in bytes { low = low << 8 | UInt64(byte) }
        }
        // The length comes last: among the words it could make up for another byte, whatever the key is.
        return Self.fold(Self.fold(low ^ second, high ^ state) ^ UInt64(truncatingIfNeeded: count), second)
    }

    @inline(__always)
    private func word(_ bytes: UnsafeRawBufferPointer, _ position: Int) -> UInt64 {
        bytes.loadUnaligned(fromByteOffset: position, as: UInt64.self)
    }

    @inline(__always)
    private static func fold(_ a: UInt64, _ b: UInt64) -> UInt64 {
        let (high, low) = a.multipliedFullWidth(by: b)
        return high ^ low
    }
}
