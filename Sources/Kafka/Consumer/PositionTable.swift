/// What is next in each assigned partition.
///
/// Guards against the ways in which librdkafka goes back by itself (resume of a partition that was not paused,
/// assign followed by pause): whatever lies below the expected offset was delivered before.
struct PositionTable {
    enum Verdict { case expected, rewound, unassigned }

    /// Partition numbers are small and dense, so an array serves the hot path; `unassigned` marks the holes.
    private var next: [Int64] = []
    private static let unassigned = Int64.min
    /// More partitions than any topic has; keeps a damaged number from asking for gigabytes.
    private static let limit: Int32 = 1_000_000

    /// Starts a partition at an offset, or at a logical one (negative), from which the first record decides.
    mutating func assign(_ partition: Int32, at offset: Int64) {
        guard (0..<Self.limit).contains(partition) else { return }
        let index = Int(partition)
        if index >= next.count {
            next.append(contentsOf: repeatElement(Self.unassigned, count: index + 1 - next.count))
        }
        next[index] = offset
    }

    mutating func unassign(_ partition: Int32) {
        guard next.indices.contains(Int(partition)) else { return }
        next[Int(partition)] = Self.unassigned
    }

    mutating func removeAll() {
        next.removeAll()
    }

    /// The offset to go on from; nil when the partition is not assigned.
    func position(of partition: Int32) -> Int64? {
        guard next.indices.contains(Int(partition)) else { return nil }
        let offset = next[Int(partition)]
        return offset == Self.unassigned ? nil : offset
    }

    var partitions: [Int32] {
        next.indices.filter { next[$0] != Self.unassigned }.map { Int32($0) }
    }

    /// Judges a record, and moves on when it is the next one. A gap upwards is legal.
    mutating func accept(_ partition: Int32, _ offset: Int64) -> Verdict {
        guard next.indices.contains(Int(partition)) else { return .unassigned }
        let expected = next[Int(partition)]
        guard expected != Self.unassigned else { return .unassigned }
        guard offset >= expected else { return .rewound }
        next[Int(partition)] = offset + 1
        return .expected
    }

    /// Goes back on purpose: what lies between `offset` and the position is expected again.
    mutating func rewind(_ partition: Int32, to offset: Int64) {
        guard let expected = position(of: partition), offset < expected else { return }
        next[Int(partition)] = offset
    }

    /// Everything below `offset` has been seen.
    mutating func advance(_ partition: Int32, to offset: Int64) {
        guard let expected = position(of: partition), offset > expected else { return }
        next[Int(partition)] = offset
    }
}
