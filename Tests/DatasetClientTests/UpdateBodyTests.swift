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

    private static func body(_ payload: [UInt8], chunk: Int, hint: Int? = nil) -> UpdateBody {
        UpdateBody(payloadByteCount: hint ?? payload.count) { write in
            payload.withUnsafeBytes { bytes in
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
        #expect(String(buffer: body.bytes) == expected)
        #expect(body.payloadSHA256 == Array(SHA256.hash(data: payload)))
        #expect(body.bodySHA256 == Hexadecimal.encode(SHA256.hash(data: Array(expected.utf8))))
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

    @Test(arguments: [0, 5, 50_000, -1])
    func aWrongHintIsHarmless(_ hint: Int) {
        let payload = Self.noise(20_000, seed: 3)
        Self.expectWhole(Self.body(payload, chunk: 999, hint: hint), payload)
    }

    @Test func everyPairOfCharacters() {
        var payload: [UInt8] = []
        for bits in 0..<4096 {
            let group = bits << 12 | (4095 - bits)
            payload += [UInt8(group >> 16), UInt8(group >> 8 & 0xff), UInt8(group & 0xff)]
        }
        Self.expectWhole(Self.body(payload, chunk: payload.count), payload)
    }

    @Test func theRightHintIsEnoughRoom() {
        for count in [0, 1, 2, 3, 12_288, 12_289, 100_000] {
            let payload = Self.noise(count)
            let exact = Self.body(payload, chunk: 1000).bytes
            let generous = ByteBufferAllocator().buffer(capacity: exact.readableBytes + 8)
            #expect(exact.capacity <= generous.capacity)
        }
    }
}
