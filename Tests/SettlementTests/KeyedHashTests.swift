import Testing

@testable import Settlement

@Suite struct KeyedHashTests {
    private let hash = KeyedHash(first: 0x8f3a_61d2_0b95_c47e, second: 0x5ce9_07b4_d21f_683b)

    private func of(_ bytes: [UInt8]) -> UInt64 { bytes.withUnsafeBytes { hash($0) } }

    @Test func equalBytesHaveEqualHashesWhereverTheyLie() {
        for count in 0...70 {
            let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ 7) }
            for shift in 0..<8 {
                let room = [UInt8](repeating: 0xee, count: shift) + bytes + [0xee, 0xee]
                let there = room.withUnsafeBytes { hash(UnsafeRawBufferPointer(rebasing: $0[shift..<shift + count])) }
                #expect(there == of(bytes))
            }
        }
    }

    @Test func everyBitOfEveryByteCounts() {
        for count in 1...70 {
            let bytes = [UInt8](repeating: 0x61, count: count)
            var hashes: Set = [of(bytes)]
            for index in 0..<count {
                for bit in 0..<8 {
                    var other = bytes
                    other[index] ^= 1 << UInt8(bit)
                    hashes.insert(of(other))
                }
            }
            #expect(hashes.count == 1 + 8 * count)
        }
    }

    @Test func theLengthCounts() {
        for byte in [UInt8(0), 0x61] {
            let hashes = Set((0...200).map { of([UInt8](repeating: byte, count: $0)) })
            #expect(hashes.count == 201)
        }
    }

    /// Of names that are numbered, as datasets and images are: as even in the low bits, which tables use, as chance is.
    @Test(arguments: ["board-", "s3://a-bucket-with-quite-a-long-name/line-7/2026/11/board-"])
    func similarNamesSpread(prefix: String) {
        let count = 1 << 16
        var places = [Int](repeating: 0, count: count)
        var hashes: Set<UInt64> = []
        for number in 0..<count {
            let value = of(Array("\(prefix)\(number).jpg".utf8))
            hashes.insert(value)
            places[Int(value % UInt64(count))] += 1
        }
        #expect(hashes.count == count)
        // By chance 36.8 % stay empty, and no more than ten or so share a place.
        let empty = Double(places.count { $0 == 0 }) / Double(count)
        #expect((0.35...0.39).contains(empty))
        #expect(places.max() ?? 0 <= 14)
    }

    @Test func anotherKeyMakesOtherHashes() {
        let other = KeyedHash(first: 0x8f3a_61d2_0b95_c47f, second: 0x5ce9_07b4_d21f_683b)
        let names = (0..<1000).map { Array("board-\($0)".utf8) }
        let same = names.count { name in of(name) == name.withUnsafeBytes { other($0) } }
        #expect(same == 0)
    }
}
