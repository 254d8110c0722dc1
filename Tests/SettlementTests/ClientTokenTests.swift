import Crypto
import Labelling
import LookoutVision
import Testing

@testable import Settlement

/// The literal tokens were computed by a separate program from the description of the token alone.
@Suite struct ClientTokenTests {
    private func token(
        group: String = "g", topic: String = "t", partition: Int32 = 3, type: DatasetType = .train, base: Int64 = 0,
        era: Int64 = 0,
        piece: Piece? = nil, generation: Int = 0, attempt: Int = 0
    ) -> String {
        let segment = Segment(openedAt: 0)
        for (offset, ref) in [(7 + base, "a"), (9 + base, "b")] {
            SampleEvent("boards", ref, "1").withEvent { segment.append($0, offset: offset) }
        }
        let batch = Batch(
            era: era, dataset: DatasetKey(project: "boards", type: type), partition: partition, cut: 9 + base,
            segment: segment)
        let piece = piece ?? batch.whole
        let payload = Array(SHA256.hash(data: Array(batch.payload(of: piece).utf8)))
        return ClientToken.make(
            group: group, topic: topic, batch: batch, piece: piece, generation: generation, attempt: attempt,
            contentSHA256: payload)
    }

    @Test func literalTokens() {
        #expect(token() == "lf1-Qxn7owbTqxm4jwT59Pn2pBdWXz4iV0zRHAWF3kdkSU6")
        #expect(token(era: 1_795_000_000_000) == "lf1-gt61GrYpy8qHivV6FFuHp5jSxv2YP9WysS5hcnzqIod")
        #expect(token(attempt: 1) == "lf1-C8DzAmmhWUrSHqfCbS4ndv9Mzua32vPfqxK593ENePE")
        #expect(token(generation: 1) == "lf1-SM7cK6VSdIGq7jflpqU9fild5ZnrPiCITEQxggekblG")
        #expect(token(type: .test, piece: .lines(1..<2)) == "lf1-T1zcaK7RfJpyj7ZdtWCpfx6UsOWDYvqU6BAoDXsLd1M")
        #expect(
            token(group: "größe", partition: .max, base: 9_007_199_254_740_986)
                == "lf1-T8ViKWItJ52xDwVXU4i2M80biMCCqJGcQzFlCjumCT5")
    }

    @Test func fitsTheAPI() {
        let token = token()
        #expect(token.utf8.count == 47)
        #expect(Names.isClientToken(token))
    }

    @Test func everyFieldCounts() {
        let tokens: Set = [
            token(), token(group: "gt", topic: ""), token(group: "", topic: "gt"), token(partition: 4),
            token(type: .test), token(base: 1), token(era: 1), token(piece: .lines(0..<1)), token(piece: .lines(1..<2)),
            token(generation: 1), token(attempt: 1), token(generation: 1, attempt: 1),
        ]
        #expect(tokens.count == 12)
        #expect(token(piece: .event(1)) == token(piece: .lines(1..<2)), "the same line alone is the same call")
    }

    @Test(arguments: 0...40) func base62IsTheNumberOfAnyLength(_ count: Int) {
        let bytes = (0..<count).map { UInt8(truncatingIfNeeded: ($0 + 1) * 167 + count) }
        let alphabet = Array("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz".utf8)
        var number = [UInt8](repeating: 0, count: count)
        for digit in bytes.withUnsafeBytes(ClientToken.base62).utf8 {
            var carry = alphabet.firstIndex(of: digit) ?? -1
            for index in number.indices.reversed() {
                carry += Int(number[index]) * 62
                number[index] = UInt8(carry & 255)
                carry >>= 8
            }
            #expect(carry == 0)
        }
        #expect(number == bytes)
    }

    @Test func base62OfTheExtremes() {
        func base62(_ bytes: [UInt8]) -> String { bytes.withUnsafeBytes(ClientToken.base62) }
        #expect(base62([UInt8](repeating: 0, count: 32)) == String(repeating: "0", count: 43))
        #expect(base62([UInt8](repeating: 255, count: 32)) == "yhjskwdA6OZ1AL1YmHWZWm8LLG7HjnuCA2j5rOw8Xp1")
        #expect(base62([1] + [UInt8](repeating: 0, count: 31)) == "0EhWuMzfS7MPuxAu520Mu4XwCuyZfalRej3Z8gTlzA8")
    }
}
