import Crypto
package import NIOCore
import SigV4

/// The body of one `UpdateDatasetEntries`, `{"Changes":"<base64 of the payload>"}`, built once and sent as often as it
/// takes.
///
/// The payload is hashed and encoded, and the encoding hashed, while its blocks are in the processor's cache; no second
/// copy of it is made.
package struct UpdateBody: Sendable {
    /// The body as it travels.
    package let bytes: ByteBuffer
    /// Of `bytes`, in lower-case hexadecimal: what the request's signature covers.
    package let bodySHA256: String
    /// Of the payload before base64; 32 bytes.
    package let payloadSHA256: [UInt8]

    /// - Parameters:
    ///   - payloadByteCount: what the chunks come to; memory is reserved for it, a wrong figure costs a reallocation.
    ///   - writeChunks: hands the payload to its argument piece by piece, in order.
    package init(payloadByteCount: Int, _ writeChunks: (_ chunk: (UnsafeRawBufferPointer) -> Void) -> Void) {
        var writer = Writer(payloadByteCount: payloadByteCount)
        writeChunks { writer.write($0) }
        self = writer.finish()
    }

    private init(bytes: ByteBuffer, bodySHA256: String, payloadSHA256: [UInt8]) {
        self.bytes = bytes
        self.bodySHA256 = bodySHA256
        self.payloadSHA256 = payloadSHA256
    }
}

extension UpdateBody {
    /// Not copyable: a second reference to the buffer would make the next write copy all that was written.
    private struct Writer: ~Copyable {
        static let opening = #"{"Changes":""#
        static let closing = #""}"#
        /// Block and encoding fit the first-level cache together; a multiple of three, so that groups stay whole.
        static let blockByteCount = 12 * 1024

        var body: ByteBuffer
        var encoder = Base64Encoder()
        var bodyHash = SHA256()
        var payloadHash = SHA256()

        init(payloadByteCount: Int) {
            let encoded = Base64Encoder.encodedByteCount(max(0, payloadByteCount))
            body = ByteBufferAllocator().buffer(
                // The encoder asks for one group more than it writes.
                capacity: Self.opening.utf8.count + encoded + Self.closing.utf8.count + 4)
            append(Self.opening)
        }

        mutating func write(_ chunk: UnsafeRawBufferPointer) {
            var rest = chunk[...]
            while !rest.isEmpty {
                let block = UnsafeRawBufferPointer(rebasing: rest.prefix(Self.blockByteCount))
                rest = rest.dropFirst(Self.blockByteCount)
                payloadHash.update(bufferPointer: block)
                append(atMost: Base64Encoder.encodedByteCount(block.count + 2)) { encoder, output in
                    encoder.encode(block, into: output)
                }
            }
        }

        mutating func finish() -> UpdateBody {
            append(atMost: 4) { encoder, output in encoder.finish(into: output) }
            append(Self.closing)
            return UpdateBody(
                bytes: body, bodySHA256: Hexadecimal.encode(bodyHash.finalize()),
                payloadSHA256: Array(payloadHash.finalize()))
        }

        private mutating func append(_ text: String) {
            bodyHash.update(data: Array(text.utf8))
            body.writeString(text)
        }

        private mutating func append(
            atMost count: Int, _ write: (inout Base64Encoder, UnsafeMutableRawBufferPointer) -> Int
        ) {
            body.writeWithUnsafeMutableBytes(minimumWritableBytes: count) { output in
                let written = write(&encoder, output)
                bodyHash.update(bufferPointer: UnsafeRawBufferPointer(rebasing: output.prefix(written)))
                return written
            }
        }
    }
}
