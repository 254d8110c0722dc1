internal import Crypto
internal import Labelling
internal import LookoutVision

/// The idempotency key of one call.
///
/// `lf1-` and the base62 of a SHA-256 over everything that makes the call what it is. The same events give the same
/// token in every worker that believes the same ledgers; other bytes give another, so "same token, other parameters" cannot happen.
package enum ClientToken {
    /// `generation` is how many times a token of this batch has grown too old, and is kept in the ledger; `attempt` how
    /// many tries of this piece were reported failed; `contentSHA256` is the digest of the request's body, 32 bytes,
    /// which its signature needs anyway: another payload makes another body. (See `Call.hasPayloadToken`.)
    /// - Returns: 47 characters of `[a-zA-Z0-9-]`; the API takes 64.
    package static func make(
        group: String, topic: String, batch: Batch, piece: Piece, generation: Int, attempt: Int, contentSHA256: [UInt8]
    ) -> String {
        let offsets = batch.offsets(of: piece)
        var fields: [UInt8] = []
        fields.reserveCapacity(512)
        append(group, to: &fields)
        append(topic, to: &fields)
        append(Int64(batch.partition), to: &fields)
        append(batch.era, to: &fields)
        append(batch.dataset.project, to: &fields)
        append(batch.dataset.type.rawValue, to: &fields)
        append(offsets.first, to: &fields)
        append(offsets.last, to: &fields)
        append(Int64(generation), to: &fields)
        append(Int64(attempt), to: &fields)
        fields += contentSHA256
        var hash = SHA256()
        fields.withUnsafeBytes { hash.update(bufferPointer: $0) }
        return hash.finalize().withUnsafeBytes { "lf1-" + base62($0) }
    }

    /// Behind its length, so that no two lists of fields give the same bytes.
    private static func append(_ text: String, to fields: inout [UInt8]) {
        append(Int64(text.utf8.count), to: &fields)
        fields += text.utf8
    }

    private static func append(_ number: Int64, to fields: inout [UInt8]) {
        withUnsafeBytes(of: number.bigEndian) { fields += $0 }
    }

    private static let alphabet: StaticString = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

    /// The digits of a big-endian number, most significant first, padded to the width that `bytes.count` needs.
    static func base62(_ bytes: UnsafeRawBufferPointer) -> String {
        var limbs = [UInt32](repeating: 0, count: (bytes.count + 3) / 4)
        for index in bytes.indices {
            let fromEnd = bytes.count - 1 - index
            limbs[limbs.count - 1 - fromEnd / 4] |= UInt32(bytes[index]) << (fromEnd % 4 * 8)
        }
        // log(256) / log(62) = 1.3436…
        let width = (bytes.count * 13437 + 9999) / 10000
        return String(unsafeUninitializedCapacity: width) { digits in
            var position = width
            while position > 0 {
                // Five digits by one division of the whole number.
                var remainder: UInt64 = 0
                for index in limbs.indices {
                    let value = remainder << 32 | UInt64(limbs[index])
                    limbs[index] = UInt32(value / 916_132_832)
                    remainder = value % 916_132_832
                }
                for _ in 0..<min(5, position) {
                    position -= 1
                    digits[position] = alphabet.utf8Start[Int(remainder % 62)]
                    remainder /= 62
                }
            }
            return width
        }
    }
}
