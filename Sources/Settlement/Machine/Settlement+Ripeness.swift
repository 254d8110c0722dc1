internal import Labelling

/// When a lane's events have waited long enough for company.
extension Settlement {
    func isRipe(_ lane: Lane, of partition: Partition, now: Int64) -> Bool {
        let linger = partition.isAtEnd && !settings.lingersAtEnd ? .min : linger
        return lane.isRipe(at: now, linger: linger, lines: settings.batchLines, bytes: ripeBytes)
    }

    /// There is nothing beyond `offset` in the partition's log, for now.
    package func reachedEnd(partition number: Int32, offset: Int64) {
        advance(partition: number, to: offset)
        guard let partition = partitions[number] else { return }
        partition.isAtEnd = true
        guard !settings.lingersAtEnd else { return }
        for number in partition.active { enqueue(partition.lanes.lanes[Int(number)], of: partition) }
    }

    /// While memory is short the lanes that hold most go out before they have to: what would be gained by waiting is less
    /// than what pausing costs, which throws away all that was fetched ahead.
    func hastenLanes(total: Int) {
        guard total > settings.memoryBytes / 4 else {
            ripeBytes = .max
            return
        }
        let lanes = partitions.all.reduce(0) { $0 + $1.active.count }
        ripeBytes = total / max(1, lanes)
    }
}
