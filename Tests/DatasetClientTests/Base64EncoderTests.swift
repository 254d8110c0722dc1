import Foundation
import Testing

@testable import DatasetClient

/// Against Foundation's, by the wide instructions (where the processor has them) and by the table.
@Suite struct Base64EncoderTests {
    private static func encode(_ input: [UInt8], in chunks: [Int], isWide: Bool) -> String {
        var encoder = Base64Encoder()
        encoder.isWide = isWide
        var result: [UInt8] = []
        input.withUnsafeBytes { input in
            var start = 0
            for count in chunks {
                let chunk = UnsafeRawBufferPointer(rebasing: input[start..<start + count])
                result += [UInt8](unsafeUninitializedCapacity: Base64Encoder.encodedByteCount(count + 2)) {
                    $1 = encoder.encode(chunk, into: UnsafeMutableRawBufferPointer($0))
                }
                start += count
            }
        }
        result += [UInt8](unsafeUninitializedCapacity: 4) {
            $1 = encoder.finish(into: UnsafeMutableRawBufferPointer($0))
        }
        return String(decoding: result, as: UTF8.self)
    }

    @Test(arguments: [true, false])
    func everyLengthInRandomChunks(isWide: Bool) {
        for count in 0...200 {
            for _ in 0..<20 {
                let input = (0..<count).map { _ in UInt8.random(in: .min ... .max) }
                var chunks: [Int] = []
                var rest = count
                while rest > 0 {
                    chunks.append(.random(in: 0...min(rest, [3, 40, 200].randomElement() ?? 1)))
                    rest -= chunks.last ?? 0
                }
                let encoded = Self.encode(input, in: chunks, isWide: isWide)
                #expect(encoded == Data(input).base64EncodedString(), "\(input) in \(chunks)")
            }
        }
    }

    /// In every place that a group can have within a block. (What is shorter than 64 bytes is nothing for the widest
    /// instructions, where there are several kinds.)
    @Test(arguments: [true, false], [63, 1_000])
    func everySextet(isWide: Bool, atATime: Int) {
        for place in 0..<8 {
            var input = [UInt8](repeating: 0, count: place * 3)
            for sextet in 0..<64 {
                let group = sextet << 18 | (63 - sextet) << 12 | (sextet ^ 21) << 6 | (sextet + 7) % 64
                input += [UInt8(group >> 16), UInt8(group >> 8 & 255), UInt8(group & 255)]
            }
            let chunks = stride(from: 0, to: input.count, by: atATime).map { min(atATime, input.count - $0) }
            #expect(Self.encode(input, in: chunks, isWide: isWide) == Data(input).base64EncodedString())
        }
    }

    /// Memory that ends with the input, and output that has no byte to spare.
    @Test(arguments: [true, false])
    func nothingIsTouchedBeyond(isWide: Bool) {
        for count in 0...100 {
            let input = UnsafeMutableRawBufferPointer.allocate(byteCount: count, alignment: 1)
            let room = Base64Encoder.encodedByteCount(count)
            let output = UnsafeMutableRawBufferPointer.allocate(byteCount: room + 64, alignment: 1)
            defer {
                input.deallocate()
                output.deallocate()
            }
            for index in input.indices { input[index] = UInt8(truncatingIfNeeded: index &* 37) }
            for index in output.indices { output[index] = 0x23 }
            var encoder = Base64Encoder()
            encoder.isWide = isWide
            let written = encoder.encode(
                UnsafeRawBufferPointer(input), into: UnsafeMutableRawBufferPointer(rebasing: output[..<room]))
            #expect(written == count / 3 * 4)
            let isRestUntouched = output[written...].allSatisfy { $0 == 0x23 }
            #expect(isRestUntouched)
        }
    }
}
