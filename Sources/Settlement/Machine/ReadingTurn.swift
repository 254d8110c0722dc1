/// Where lanes are so many that memory holds but a few events of each, partitions are read one after the other instead of
/// side by side: what is held belongs to fewer lanes then, so batches are as much larger, and calls as much fewer.
///
/// A turn ends at the partition's end, after as many bytes as the budget has, or when nothing has come for a while. Then
/// its lanes go out, and leave the memory to the next one.
struct ReadingTurn {
    let partition: Int32
    let epoch: Int
    /// `Partition.receivedBytes` at its beginning.
    let receivedBefore: Int
    /// `Partition.lastRead` as of the last look, and since when, in monotonic nanoseconds.
    var lastRead: Int64
    var movedAt: Int64

    /// How long nothing may come before it is the next one's turn: longer than a broker holds an empty answer back.
    /// Nanoseconds.
    static let patience: Int64 = 200_000_000
    /// The same where nothing can come, since memory has to be made room in first.
    static let patienceForRoom: Int64 = 1_000_000_000
    /// How much longer than otherwise events may wait for their partition's turn. Monotonic nanoseconds.
    static let longestWait: Int64 = 5_000_000_000
}

extension Settlement {
    /// Keeps `turn` with whose turn it is; nil while all are read side by side.
    func passTurn(_ load: MemoryLoad, now: Int64) {
        if load.moving > load.budget / 32 { crowdedUntil = now }
        let isOn =
            turn == nil
            ? load.moving > load.budget / 16 && crowd?.isDense(below: settings.worthwhileBytes) == true
            : now - crowdedUntil < ReadingTurn.patienceForRoom
        guard isOn, partitions.all.count > 1 else {
            turn = nil
            return
        }
        if continueTurn(load, now: now) { return }
        endTurn()
        let candidates = partitions.all.filter {
            !$0.isAtEnd && !$0.isLeaving && ($0.isPaused ? load.hasRoom(for: $0) : !load.isFull($0))
        }
        let next = candidates.min {
            ($0.lastTurnAt, -$0.heldBytes, $0.number) < ($1.lastTurnAt, -$1.heldBytes, $1.number)
        }
        next?.lastTurnAt = now
        turn = next.map {
            ReadingTurn(
                partition: $0.number, epoch: $0.epoch, receivedBefore: $0.receivedBytes, lastRead: $0.lastRead,
                movedAt: now)
        }
    }

    private func continueTurn(_ load: MemoryLoad, now: Int64) -> Bool {
        guard let current = turn, let partition = partitions[current.partition], partition.epoch == current.epoch,
            !partition.isAtEnd, !partition.isLeaving,
            partition.receivedBytes - current.receivedBefore < load.budget
        else { return false }
        if partition.lastRead != current.lastRead {
            turn?.lastRead = partition.lastRead
            turn?.movedAt = now
            return true
        }
        if partition.isPaused { return now - current.movedAt < ReadingTurn.patienceForRoom }
        return now - max(current.movedAt, partition.resumedAt) < ReadingTurn.patience
    }

    private func endTurn() {
        guard let last = turn.take(), let partition = partitions[last.partition], partition.epoch == last.epoch else {
            return
        }
        for number in partition.active { enqueue(partition.lanes.lanes[Int(number)], of: partition) }
    }
}
