internal import CPrefetch
import Crypto
package import NIOCore
import Synchronization

/// The body of one `UpdateDatasetEntries`, `{"Changes":"<base64 of the payload>"}`, sent as often as it takes.
///
/// The payload stays where it is, and is encoded block by block, for the hash and again for the wire. So a body costs no
/// memory but the blocks that a connection has not taken yet; of one block, which nearly all have, that is kept from the
/// hash to the wire, as long as those of all bodies together are few.
package struct UpdateBody: Sendable {
    /// Bytes of the body as it travels.
    package let byteCount: Int
    private let payload: Payload
    private let work = Work()

    // (Client tokens are made of what these are part of: another form of the body needs another version of the ledger.)
    static let opening = #"{"Changes":""#
    static let closing = #""}"#
    /// Bytes of the payload that are encoded at a time for a hash: they and their encoding fit the first-level cache.
    private static let hashedBlock = 12 * 1024 - Blocks.margin

    /// - Parameters:
    ///   - owner: keeps the payload where it is for as long as it lives.
    ///   - forEachChunk: hands the payload to its argument piece by piece, in order. Called once; the pieces are read until
    ///     the body and all that was made of it are gone.
    package init(
        keeping owner: some Sendable, _ forEachChunk: (_ chunk: (UnsafeRawBufferPointer) -> Void) -> Void
    ) {
        var chunks: [UnsafeRawBufferPointer] = []
        var count = 0
        forEachChunk { chunk in
            guard !chunk.isEmpty else { return }
            chunks.append(chunk)
            count += chunk.count
        }
        byteCount = Self.opening.utf8.count + Base64Encoder.encodedByteCount(count) + Self.closing.utf8.count
        payload = Payload(chunks: chunks, owner: owner)
    }

    /// The body of a payload that stands in one buffer.
    package init(_ payload: ByteBuffer) {
        // A buffer's memory stays where it is until its owner writes to it, and this copy is never written to.
        self.init(keeping: payload) { chunk in payload.withUnsafeReadableBytes(chunk) }
    }

    /// SHA-256 of the body as it travels, 32 bytes: what a request's signature covers, and what a client token is made of.
    /// Computed when it is first asked for.
    package var digest: [UInt8] {
        work.state.withLock { state in
            if let digest = state.digest { return digest }
            var hash = SHA256()
            let isKept = byteCount <= Self.bytesOfAWrite && KeptBlock.mayBeMore
            var blocks = Blocks(
                payload: payload, payloadBytes: isKept ? Self.payloadBytesOfAWrite : Self.hashedBlock)
            while let block = blocks.next() {
                block.withUnsafeReadableBytes { hash.update(bufferPointer: $0) }
                if isKept { state.block = KeptBlock(block) } else { blocks.reuse(block) }
            }
            let digest = hash.finalize().withUnsafeBytes { Array($0) }
            state.digest = digest
            return digest
        }
    }

    /// SHA-256 of the payload before base64, 32 bytes. Computed each time.
    package var payloadDigest: [UInt8] {
        var hash = SHA256()
        for chunk in payload.chunks { hash.update(bufferPointer: chunk) }
        return hash.finalize().withUnsafeBytes { Array($0) }
    }

    /// The body as it travels, each block made of at most so many bytes of the payload.
    package func blocks(of payloadBytes: Int) -> Blocks {
        guard payloadBytes == Self.payloadBytesOfAWrite else {
            return Blocks(payload: payload, payloadBytes: payloadBytes)
        }
        let kept = work.state.withLock { $0.block.take() }
        return Blocks(payload: payload, payloadBytes: payloadBytes, whole: kept?.block)
    }

    /// What has been made of the body.
    private final class Work: Sendable {
        struct State {
            var digest: [UInt8]?
            var block: KeptBlock?
        }

        let state = Mutex(State())
    }

    /// Of all bodies' kept blocks.
    static var keptBytes: Int { KeptBlock.bytes.load(ordering: .relaxed) }

    /// The one block of a short body. All together take some megabytes at most: calls may wait long before they are sent.
    private final class KeptBlock: Sendable {
        let block: ByteBuffer

        static let bytes = Atomic(0)
        private static let most = 8 << 20

        static var mayBeMore: Bool { bytes.load(ordering: .relaxed) < most }

        init(_ block: ByteBuffer) {
            self.block = block
            Self.bytes.add(block.capacity, ordering: .relaxed)
        }

        deinit { Self.bytes.subtract(block.capacity, ordering: .relaxed) }
    }

    /// Pointers into memory that nobody changes, and what keeps it.
    fileprivate struct Payload: @unchecked Sendable {
        let chunks: [UnsafeRawBufferPointer]
        let owner: any Sendable
    }
}

extension UpdateBody {
    /// The blocks of a body, in order.
    package struct Blocks: Sendable {
        private let payload: Payload
        private let payloadBytes: Int
        private var encoder = Base64Encoder()
        /// The chunk that comes next, and how much of it was encoded.
        private var chunk = 0
        private var position = 0
        private var state = State.opening
        /// Bytes of the payload that were not encoded yet.
        private var rest: Int
        private var spare: ByteBuffer?

        /// What a block takes beside its characters, and what keeps it below a power of two, to which buffers are rounded
        /// up.
        fileprivate static let margin = 48

        private enum State { case opening, payload, ended }

        /// The only block, where it is there already.
        private var whole: ByteBuffer?

        fileprivate init(payload: Payload, payloadBytes: Int, whole: ByteBuffer? = nil) {
            self.payload = payload
            self.payloadBytes = payloadBytes
            self.whole = whole
            rest = payload.chunks.reduce(0) { $0 + $1.count }
        }

        /// Whether the last one was handed out.
        var isAtEnd: Bool { state == .ended }

        /// Gives a block back once it was read, for the next one to use its memory.
        package mutating func reuse(_ block: consuming ByteBuffer) { spare = block }

        /// Asks for the beginning of the chunk behind this one, which the processor does not foresee: it lies elsewhere.
        private func prefetchNextChunk() {
            guard chunk + 1 < payload.chunks.count, let start = payload.chunks[chunk + 1].baseAddress else { return }
            cprefetch_for_reading(start, payload.chunks[chunk + 1].count)
        }

        /// The next block; nil after the last one.
        package mutating func next() -> ByteBuffer? {
            guard state != .ended else { return nil }
            if let whole = whole.take() {
                state = .ended
                return whole
            }
            var block = spare.take() ?? ByteBuffer()
            var room = min(payloadBytes, rest)
            block.clear(minimumCapacity: Base64Encoder.encodedByteCount(room) + 32)
            if state == .opening {
                block.writeString(UpdateBody.opening)
                state = .payload
            }
            rest -= room
            while room > 0, chunk < payload.chunks.count {
                let bytes = payload.chunks[chunk]
                let part = UnsafeRawBufferPointer(rebasing: bytes[position...].prefix(room))
                if position + part.count == bytes.count { prefetchNextChunk() }
                block.writeWithUnsafeMutableBytes(
                    minimumWritableBytes: Base64Encoder.encodedByteCount(part.count + 2)
                ) { encoder.encode(part, into: $0) }
                room -= part.count
                position += part.count
                if position == bytes.count {
                    chunk += 1
                    position = 0
                }
            }
            if chunk == payload.chunks.count {
                block.writeWithUnsafeMutableBytes(minimumWritableBytes: 4) { encoder.finish(into: $0) }
                block.writeString(UpdateBody.closing)
                state = .ended
            }
            return block
        }
    }
}

extension UpdateBody {
    /// Of the payload, in each write to a connection: it is encoded and hashed within about 0.2 ms, and as encoded takes
    /// 256 KiB. Large enough that the server's awakenings do not count.
    package static let payloadBytesOfAWrite = 192 * 1024 - Blocks.margin
    private static let bytesOfAWrite =
        opening.utf8.count + Base64Encoder.encodedByteCount(payloadBytesOfAWrite) + closing.utf8.count
}
