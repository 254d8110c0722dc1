import Crypto
import Labelling
import LookoutVision
import Testing

@testable import Settlement

/// The literal tokens were computed by a separate program from the description of the token alone.
@Suite struct ClientTokenTests {
    private func token(
        group: String = "g", topic: String = "t", partition: Int32 = 3, type: DatasetType = .train, base: Int64 = 0,
        piece: Piece? = nil, generation: Int = 0, attempt: Int = 0
    ) -> String {
        var segment = Segment(openedAt: 0)
        for (offset, ref) in [(7 + base, "a"), (9 + base, "b")] {
            SampleEvent("boards", ref, "1").withEvent { segment.append($0, offset: offset) }
        }
        let batch = Batch(
            dataset: DatasetKey(project: "boards", type: type), partition: partition, cut: 9 + base, segment: segment)
        let piece = piece ?? batch.whole
        let payload = Array(SHA256.hash(data: Array(batch.payload(of: piece).utf8)))
        return ClientToken.make(
            group: group, topic: topic, batch: batch, piece: piece, generation: generation, attempt: attempt,
            payloadSHA256: payload)
    }

    @Test func literalTokens() {
        #expect(token() == "lf1-BojgozYlx51IesoDDdhSjztiGnF65cJ9ZZsp0TVJwqS")
        #expect(token(attempt: 1) == "lf1-jqhBfcGdaxsWmlkOhVnyX0IGqUv3dQI1x2elowKGd3N")
        #expect(token(generation: 1) == "lf1-pe7H8HbtaVRlPFAsUmK5Pulo10gPo3QEb01MdpuCUvE")
        #expect(token(type: .test, piece: .lines(1..<2)) == "lf1-pbBA3Kuyv9rhWrmy19s6wpknX4E0zDsNtU4babVhOTr")
        #expect(
            token(group: "größe", partition: .max, base: 9_007_199_254_740_986)
                == "lf1-BAvS435fGiwV0VQJWJTP9yMaAOMRbtXr68HuU8Gujkm")
    }

    @Test func fitsTheAPI() {
        let token = token()
        #expect(token.utf8.count == 47)
        #expect(Names.isClientToken(token.utf8))
    }

    @Test func everyFieldCounts() {
        let tokens: Set = [
            token(), token(group: "gt", topic: ""), token(group: "", topic: "gt"), token(partition: 4),
            token(type: .test), token(base: 1), token(piece: .lines(0..<1)), token(piece: .lines(1..<2)),
            token(generation: 1), token(attempt: 1), token(generation: 1, attempt: 1),
        ]
        #expect(tokens.count == 11)
        #expect(token(piece: .event(1)) == token(piece: .lines(1..<2)), "the same line alone is the same call")
    }

    @Test func base62OfTheExtremes() {
        #expect(ClientToken.base62([UInt8](repeating: 0, count: 32)) == String(repeating: "0", count: 43))
        #expect(
            ClientToken.base62([UInt8](repeating: 255, count: 32)) == "yhjskwdA6OZ1AL1YmHWZWm8LLG7HjnuCA2j5rOw8Xp1")
        #expect(
            ClientToken.base62([1] + [UInt8](repeating: 0, count: 31)) == "0EhWuMzfS7MPuxAu520Mu4XwCuyZfalRej3Z8gTlzA8")
    }
}
