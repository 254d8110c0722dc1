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
        var hash = SHA256()
        // Every string goes in behind its length, so that no two lists of fields give the same bytes.
        func update(_ text: String) {
            update(Int64(text.utf8.count))
            var text = text
            text.withUTF8 { hash.update(bufferPointer: UnsafeRawBufferPointer($0)) }
        }
        func update(_ number: Int64) {
            withUnsafeBytes(of: number.bigEndian) { hash.update(bufferPointer: $0) }
        }
        let offsets = batch.offsets(of: piece)
        update(group)
        update(topic)
        update(Int64(batch.partition))
        update(batch.era)
        update(batch.dataset.project)
        update(batch.dataset.type.rawValue)
        update(offsets.first)
        update(offsets.last)
        update(Int64(generation))
        update(Int64(attempt))
        hash.update(data: contentSHA256)
        return "lf1-" + base62(Array(hash.finalize()))
    }

    private static let alphabet = Array("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz".utf8)

    /// The digits of a big-endian number, most significant first, padded to the width that `bytes.count` needs.
    static func base62(_ bytes: [UInt8]) -> String {
        var limbs = [UInt32](repeating: 0, count: (bytes.count + 3) / 4)
        for (index, byte) in bytes.reversed().enumerated() {
            limbs[limbs.count - 1 - index / 4] |= UInt32(byte) << (index % 4 * 8)
        }
        // log(256) / log(62) = 1.3436…
        let width = (bytes.count * 13437 + 9999) / 10000
        var digits = [UInt8](repeating: alphabet[0], count: width)
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
                digits[position] = alphabet[Int(remainder % 62)]
                remainder /= 62
            }
        }
        return String(decoding: digits, as: UTF8.self)
    }
}
