/// The partitions that are ours, in the order of their numbers: what the machine does must not depend on how a
/// dictionary happens to lie in memory.
struct PartitionTable {
    private(set) var all: [Partition] = []

    var isEmpty: Bool { all.isEmpty }
    var count: Int { all.count }

    subscript(number: Int32) -> Partition? { borrowed(number)?.owned }

    /// Kept by the table.
    func borrowed(_ number: Int32) -> Borrowed<Partition>? {
        let position = position(of: number)
        guard position < all.count, all[position].number == number else { return nil }
        return Borrowed(all[position])
    }

    /// The number must not be there yet.
    mutating func insert(_ partition: Partition) {
        all.insert(partition, at: position(of: partition.number))
    }

    mutating func remove(_ number: Int32) -> Partition? {
        let position = position(of: number)
        guard position < all.count, all[position].number == number else { return nil }
        return all.remove(at: position)
    }

    /// Where the number stands, or would stand.
    private func position(of number: Int32) -> Int {
        var low = 0
        var high = all.count
        while low < high {
            let middle = (low + high) / 2
            if all[middle].number < number { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
