internal import Labelling

/// When a lane's events have waited long enough for company.
extension Settlement {
    func isRipe(_ lane: Lane, of partition: Partition, now: Int64) -> Bool {
        let linger = partition.isAtEnd && !settings.lingersAtEnd ? 0 : linger
        return lane.isRipe(at: now, longestLinger: linger, lines: settings.batchLines, bytes: ripeBytes)
    }

    /// There is nothing beyond `offset` in the partition's log, for now. To be told so again costs nothing.
    package func reachedEnd(partition number: Int32, offset: Int64) {
        guard let partition = partitions[number], !partition.isAtEnd || offset > partition.position else { return }
        advance(partition: number, to: offset)
        partition.isAtEnd = true
        guard !settings.lingersAtEnd else { return }
        for number in partition.active { enqueue(partition.lanes.lanes[Int(number)], of: partition) }
    }

    /// While memory is short the lanes that hold most go out before they have to: what would be gained by waiting is less
    /// than what pausing costs, which throws away all that was fetched ahead.
    func hastenLanes(total: Int, now: Int64) {
        guard total > settings.memoryBytes / 4 else {
            ripeBytes = .max
            return
        }
        // An average needs no better figure than this, and there may be thousands of lanes to look at.
        guard ripeBytes == .max || now >= nextHasteAt else { return }
        nextHasteAt = now + Self.hasteInterval
        var lanes = 0
        var bytes = 0
        for partition in partitions.all {
            for number in partition.active {
                let segments = partition.lanes.lanes[Int(number)].segments
                guard !segments.isEmpty else { continue }
                lanes += 1
                bytes += segments.reduce(0) { $0 + $1.heldBytes }
            }
        }
        ripeBytes = lanes == 0 ? .max : bytes / lanes
    }

    private static let hasteInterval: Int64 = 20_000_000
}
