/// Which of two levels each of many lanes is at, in little more than one bit for each, and without their names.
///
/// A ribbon (Dillinger and Walzer, "Ribbon filter: practically smaller than Bloom and Xor", 2021) used as a static
/// function: every lane stands for the sum, modulo 2, of some of up to 64 neighbouring bits, and the bits are chosen so
/// that the sums come out right. A lane that was not given gets either answer, so nothing may depend on which.
package struct LevelMap: Sendable, Equatable {
    /// The bits, the first one lowest in the first word, and a word of zeros behind the last.
    private let words: [UInt64]
    let bitCount: Int

    /// Finds the bits.
    /// - Returns: the map, and the numbers of the lanes that it gives a wrong answer for: few, and mostly none.
    static func make(_ lanes: [(digest: LaneDigest, isHigh: Bool)]) -> (map: LevelMap, misfits: [Int]) {
        let bitCount = bitCount(forLanes: lanes.count)
        // Gauss's elimination as the rows come: each ends at the first column that is still free, or turns out to be the
        // sum of others.
        var rows = [UInt64](repeating: 0, count: bitCount)
        var sums = [Bool](repeating: false, count: bitCount)
        var misfits: [Int] = []
        for (number, lane) in lanes.enumerated() {
            var (column, row) = row(of: lane.digest, bitCount: bitCount)
            var sum = lane.isHigh
            while row != 0 {
                let zeros = row.trailingZeroBitCount
                column += zeros
                row >>= UInt64(zeros)
                if rows[column] == 0 {
                    rows[column] = row
                    sums[column] = sum
                    break
                }
                row ^= rows[column]
                sum = sum != sums[column]
            }
            if row == 0, sum { misfits.append(number) }
        }
        var words = [UInt64](repeating: 0, count: bitCount / 64 + 2)
        for column in rows.indices.reversed() where rows[column] != 0 {
            let others = words.window(at: column) & (rows[column] & ~1)
            if sums[column] != (others.nonzeroBitCount & 1 == 1) { words[column >> 6] |= 1 << UInt64(column & 63) }
        }
        return (LevelMap(words: words, bitCount: bitCount), misfits)
    }

    /// Enough for a lane in thousands to be a misfit.
    static func bitCount(forLanes count: Int) -> Int { count == 0 ? 0 : count + count / 24 + 8 }

    /// Whether the lane is at the higher level.
    func isHigh(_ digest: LaneDigest) -> Bool {
        guard bitCount > 0 else { return false }
        let (column, row) = Self.row(of: digest, bitCount: bitCount)
        return (words.window(at: column) & row).nonzeroBitCount & 1 == 1
    }

    /// The columns that a lane is the sum of: the first of them, and which of the 64 from there on.
    private static func row(of digest: LaneDigest, bitCount: Int) -> (column: Int, row: UInt64) {
        let width = min(64, bitCount)
        let column = Int(mix(digest.value).multipliedFullWidth(by: UInt64(bitCount - width + 1)).high)
        let row = mix(digest.value ^ 0x9E37_79B9_7F4A_7C15) | 1
        return (column, width == 64 ? row : row & ((1 << UInt64(width)) - 1))
    }

    /// SplitMix64's finalizer.
    private static func mix(_ value: UInt64) -> UInt64 {
        var z = value
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }

    // MARK: - As bytes

    private init(words: [UInt64], bitCount: Int) {
        self.words = words
        self.bitCount = bitCount
    }

    static func byteCount(bitCount: Int) -> Int { (bitCount + 7) / 8 }

    /// The bits, the first one lowest in the first byte.
    var bytes: [UInt8] {
        (0..<Self.byteCount(bitCount: bitCount)).map {
            UInt8(truncatingIfNeeded: words[$0 >> 3] >> UInt64(($0 & 7) * 8))
        }
    }

    /// `bytes` has `byteCount(bitCount:)` of them.
    init(bytes: some Collection<UInt8>, bitCount: Int) {
        var words = [UInt64](repeating: 0, count: bitCount / 64 + 2)
        for (number, byte) in bytes.enumerated() { words[number >> 3] |= UInt64(byte) << UInt64((number & 7) * 8) }
        self.init(words: words, bitCount: bitCount)
    }
}

extension [UInt64] {
    /// 64 bits from the bit at `position` on.
    fileprivate func window(at position: Int) -> UInt64 {
        let shift = UInt64(position & 63)
        let low = self[position >> 6] >> shift
        return shift == 0 ? low : low | self[position >> 6 + 1] << (64 - shift)
    }
}
