import Testing

@testable import Settlement

@Suite struct LevelMapTests {
    private func lanes(_ count: Int, seed: UInt64, highShare: Double = 0.5) -> [(digest: LaneDigest, isHigh: Bool)] {
        var random = SplitMix64(seed: seed)
        return (0..<count).map { _ in
            (LaneDigest(value: random.next()), Double.random(in: 0..<1, using: &random) < highShare)
        }
    }

    @Test(arguments: [0, 1, 2, 3, 10, 55, 56, 57, 64, 100, 833, 2000, 10_000], [0.03, 0.5, 1])
    func everyLaneButTheMisfitsGetsItsLevel(count: Int, highShare: Double) {
        for seed in 0..<UInt64(count < 1000 ? 20 : 2) {
            let lanes = lanes(count, seed: seed, highShare: highShare)
            let (map, misfits) = LevelMap.make(lanes)
            for (number, lane) in lanes.enumerated() where !misfits.contains(number) {
                #expect(map.isHigh(lane.digest) == lane.isHigh)
            }
            #expect(misfits.count <= 2 + count / 1000)
            #expect(LevelMap(bytes: map.bytes, bitCount: map.bitCount) == map)
        }
    }

    @Test func aThousandLanesTakeLittleMoreThanAThousandBits() {
        #expect(LevelMap.make(lanes(1000, seed: 1)).map.bytes.count <= 132)
    }

    /// Lanes whose digests are the same cannot be told apart: one of them is a misfit, and gets a name.
    @Test func lanesThatLookTheSameAreMisfits() {
        let same = LaneDigest(value: 7)
        let (map, misfits) = LevelMap.make([(same, true), (same, false), (same, true)])
        #expect(map.isHigh(same))
        #expect(misfits == [1])
    }
}
