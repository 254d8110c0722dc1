import Crypto
import Foundation
import NIOCore
import SigV4
import Testing

@testable import DatasetClient

@Suite struct UpdateBodyTests {
    /// Repeatable bytes without a pattern that base64 or a block size could hide behind.
    private static func noise(_ count: Int, seed: UInt64 = 1) -> [UInt8] {
        var state = seed &* 0x9e37_79b9_7f4a_7c15 | 1
        return (0..<count).map { _ in
            state ^= state << 13
            state ^= state >> 7
            state ^= state << 17
            return UInt8(truncatingIfNeeded: state >> 32)
        }
    }

    private static func body(_ payload: [UInt8], chunk: Int) -> UpdateBody {
        let buffer = ByteBuffer(bytes: payload)
        return UpdateBody(keeping: buffer) { write in
            buffer.withUnsafeReadableBytes { bytes in
                var start = 0
                while start < bytes.count {
                    let end = min(start + chunk, bytes.count)
                    write(UnsafeRawBufferPointer(rebasing: bytes[start..<end]))
                    start = end
                }
            }
        }
    }

    private static func expectWhole(_ body: UpdateBody, _ payload: [UInt8]) {
        let expected = #"{"Changes":"\#(Data(payload).base64EncodedString())"}"#
        let sent = body.asSent()
        #expect(String(buffer: sent) == expected)
        #expect(body.byteCount == sent.readableBytes)
        #expect(body.digest == Array(SHA256.hash(data: Array(expected.utf8))))
        #expect(body.payloadDigest == Array(SHA256.hash(data: payload)))
        let again = body.asSent()
        #expect(again == sent, "a body can be sent again")
    }

    @Test(arguments: [1, 2, 3, 4, 5, 7, 8, 9, 64])
    func everyLengthInEveryChunking(_ chunk: Int) {
        for count in 0...70 { Self.expectWhole(Self.body(Self.noise(count), chunk: chunk), Self.noise(count)) }
    }

    @Test(arguments: [12 * 1024 - 1, 12 * 1024, 12 * 1024 + 1, 100_003])
    func blocksJoinSeamlessly(_ chunk: Int) {
        let payload = Self.noise(200_001, seed: 7)
        Self.expectWhole(Self.body(payload, chunk: chunk), payload)
    }

    @Test func everyPairOfCharacters() {
        var payload: [UInt8] = []
        for bits in 0..<4096 {
            let group = bits << 12 | (4095 - bits)
            payload += [UInt8(group >> 16), UInt8(group >> 8 & 0xff), UInt8(group & 0xff)]
        }
        Self.expectWhole(Self.body(payload, chunk: payload.count), payload)
    }

    /// Whatever the chunks and the blocks are, the same bytes travel; empty chunks are none.
    @Test(arguments: [1, 2, 3, 31, 1000])
    func blocksOfAnySize(_ payloadBytes: Int) {
        let payload = Self.noise(1500, seed: 3)
        let body = payload.withUnsafeBytes { bytes in
            let copy = ByteBuffer(bytes: bytes)
            return UpdateBody(keeping: copy) { write in
                copy.withUnsafeReadableBytes { bytes in
                    for range in [0..<0, 0..<1, 1..<1, 1..<700, 700..<702, 702..<1500, 1500..<1500] {
                        write(UnsafeRawBufferPointer(rebasing: bytes[range]))
                    }
                }
            }
        }
        var blocks = body.blocks(of: payloadBytes)
        var text = ""
        var count = 0
        while let block = blocks.next() {
            #expect(block.readableBytes <= Base64Encoder.encodedByteCount(payloadBytes + 2) + 16)
            text += String(buffer: block)
            count += 1
            blocks.reuse(block)
        }
        #expect(text == #"{"Changes":"\#(Data(payload).base64EncodedString())"}"#)
        #expect(count == (1500 + payloadBytes - 1) / payloadBytes)
        #expect(blocks.next() == nil, "the end stays the end")
    }

    /// A connection may still take blocks when the caller has forgotten the body.
    @Test func whatTheBodyReadsLivesAsLongAsItsBlocks() {
        final class Owner: Sendable {
            let bytes = ByteBuffer(bytes: UpdateBodyTests.noise(5000))
        }
        weak var owner: Owner?
        var blocks: UpdateBody.Blocks?
        do {
            let bytes = Owner()
            owner = bytes
            blocks = UpdateBody(keeping: bytes) { write in bytes.bytes.withUnsafeReadableBytes(write) }.blocks(of: 100)
        }
        _ = blocks?.next()
        #expect(owner != nil)
        blocks = nil
        #expect(owner == nil)
    }

    @Test(arguments: -4...4) func itIsSaidWhichBlockIsTheLast(_ more: Int) {
        let body = Self.body(Self.noise(UpdateBody.payloadBytesOfAWrite + more), chunk: 1000)
        var blocks = body.blocks(of: UpdateBody.payloadBytesOfAWrite)
        #expect(!blocks.isAtEnd)
        let first = blocks.next()
        #expect(first?.capacity ?? .max <= 256 * 1024)
        #expect(blocks.isAtEnd == (more <= 0))
        #expect((blocks.next() == nil) == (more <= 0))
        #expect(blocks.isAtEnd)
    }

    /// A body that was hashed is encoded for the wire already; for a second time on the wire, or in other blocks, it is encoded
    /// anew.
    @Test(arguments: [0, 1, 1000, UpdateBody.payloadBytesOfAWrite, UpdateBody.payloadBytesOfAWrite + 1])
    func whatIsKeptFromTheHashToTheWireIsTheBody(_ count: Int) {
        let body = Self.body(Self.noise(count), chunk: 700)
        let expected = Self.body(Self.noise(count), chunk: 333).asSent()
        #expect(body.digest == Array(SHA256.hash(data: Array(expected.readableBytesView))))
        var small = ByteBuffer()
        var blocks = body.blocks(of: 999)
        while var block = blocks.next() { small.writeBuffer(&block) }
        #expect(small == expected)
        for _ in 0..<2 {
            let sent = body.asSent()
            #expect(sent == expected)
        }
    }

    /// Calls may wait for long before they are sent.
    @Test func thoseThatWaitDoNotKeepAllTheirBlocks() {
        let payload = Self.noise(UpdateBody.payloadBytesOfAWrite)
        let bodies = (0..<100).map { _ in Self.body(payload, chunk: payload.count) }
        for body in bodies { _ = body.digest }
        // (Other tests' bodies count too, and are few.)
        #expect((7 << 20...9 << 20).contains(UpdateBody.keptBytes))
        var wholes = bodies.map { $0.blocks(of: UpdateBody.payloadBytesOfAWrite) }
        let sent = wholes.indices.map { wholes[$0].next() }
        #expect(Set(sent).count == 1)
        wholes = []
        #expect(UpdateBody.keptBytes < 6 << 20, "what was sent is kept no more")
    }

    @Test func noBlockOutgrowsItsMemory() {
        let body = Self.body(Self.noise(1_000_000), chunk: 65_535)
        var count = 0
        var blocks = body.blocks(of: UpdateBody.payloadBytesOfAWrite)
        while let block = blocks.next() {
            #expect(block.capacity <= 256 * 1024)
            count += 1
        }
        #expect(count == 6)
    }
}

extension UpdateBody {
    /// What the HTTP client sends.
    func asSent() -> ByteBuffer {
        var whole = ByteBuffer()
        var blocks = blocks(of: UpdateBody.payloadBytesOfAWrite)
        while var block = blocks.next() { whole.writeBuffer(&block) }
        return whole
    }
}
