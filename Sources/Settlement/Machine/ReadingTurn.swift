/// While a backlog is read and lanes are so many that memory holds but a few events of each, partitions that are behind are
/// read one after the other instead of side by side: what is held belongs to fewer lanes then, so batches are as much
/// larger, and calls as much fewer.
///
/// A turn ends where the log ended when the partition was last seen to be behind, after as many bytes as the budget has,
/// or when nothing has come for a while. Then its lanes go out, and leave the memory to the next one. Partitions that are
/// not behind need no turn: they are read all the time.
struct ReadingTurn {
    let partition: Int32
    let epoch: Int
    /// Whether nobody else was behind at its beginning; it ends when somebody is.
    let isAlone: Bool
    /// `Partition.receivedBytes` at its beginning.
    let receivedBefore: Int
    /// Up to where it goes.
    var end: Int64
    /// `Partition.lastRead` as of the last look, and since when, in monotonic nanoseconds.
    var lastRead: Int64
    var movedAt: Int64

    /// How long nothing may come where memory has to be made room in first, or where reading begins again. Nanoseconds.
    static let patienceForRoom: Int64 = 1_000_000_000
    /// How much longer than otherwise events may wait once they are read, for their partition's turn. Nanoseconds.
    static let longestWait: Int64 = 5_000_000_000
}

extension Settlement {
    /// Whether it matters now where logs end.
    package var wantsLogEnds: Bool { crowd != nil || turn != nil }

    /// The partition's log is known to go on to this offset, at least.
    package func learnLogEnd(partition number: Int32, _ offset: Int64) {
        guard let partition = partitions[number] else { return }
        partition.logEnd = max(partition.logEnd, offset)
    }

    private func isBehind(_ partition: Partition) -> Bool {
        partition.logEnd - partition.position > Int64(settings.backlogRecords)
    }

    /// Whether the partition is to be paused because it is another one's turn.
    func isWaitingForTurn(_ partition: Partition) -> Bool {
        guard let turn else { return false }
        return turn.partition != partition.number && isBehind(partition)
    }

    /// When the turn ends, unless something comes. Monotonic nanoseconds.
    var turnDue: Int64? {
        guard let turn, let partition = partitions[turn.partition] else { return nil }
        let patience =
            partition.isPaused || partition.resumedAt >= turn.movedAt
            ? ReadingTurn.patienceForRoom : settings.turnPatience.nanoseconds
        return max(turn.movedAt, partition.isPaused ? .min : partition.resumedAt) + patience
    }

    /// Keeps `turn` with whose turn it is; nil while all are read side by side.
    func passTurn(_ load: MemoryLoad, now: Int64) {
        if load.isMoreThanLittle { crowdedUntil = now }
        let mayBe =
            turn == nil
            ? load.isWorthTurns && crowd?.isTooLarge(for: load.budget, each: settings.worthwhileBytes) == true
            : now - crowdedUntil < ReadingTurn.patienceForRoom
        guard mayBe else {
            endTurn(now: now)
            return
        }
        if continueTurn(load, now: now) { return }
        let last = turn?.partition
        endTurn(now: now)
        // One alone has nobody to be read before; but where it is the last one, its lanes go out together as the others' did.
        let behind = self.behind
        guard behind.count > 1 || (last != nil && behind.first?.number != last) else { return }
        let candidates = behind.filter { mayBeRead($0, load) }
        // (What the one before held is going out: where there is room for nobody yet, there will be.)
        let next = (candidates.isEmpty && last != nil ? behind : candidates).min {
            ($0.lastTurnAt, -$0.heldBytes, $0.number) < ($1.lastTurnAt, -$1.heldBytes, $1.number)
        }
        next?.lastTurnAt = now
        turn = next.map {
            ReadingTurn(
                partition: $0.number, epoch: $0.epoch, isAlone: behind.count == 1, receivedBefore: $0.receivedBytes,
                end: $0.logEnd, lastRead: $0.lastRead, movedAt: now)
        }
    }

    private var behind: [Partition] { partitions.all.filter { isBehind($0) && !$0.isLeaving } }

    private func mayBeRead(_ partition: Partition, _ load: MemoryLoad) -> Bool {
        partition.isPaused ? load.hasRoom(for: partition) : !load.isFull(partition)
    }

    private func continueTurn(_ load: MemoryLoad, now: Int64) -> Bool {
        guard let current = turn, let partition = partitions[current.partition], partition.epoch == current.epoch,
            !partition.isLeaving, partition.receivedBytes - current.receivedBefore < load.budget
        else { return false }
        if current.isAlone, behind.contains(where: { $0 !== partition }) { return false }
        if isBehind(partition) {
            turn?.end = partition.logEnd
        } else if partition.position >= current.end || partition.isAtEnd {
            return false
        }
        if partition.isWaitingForTurn {
            // Its time begins when there is room for it, unless there is for somebody else before.
            turn?.movedAt = now
            return !behind.contains { $0 !== partition && mayBeRead($0, load) }
        }
        guard partition.lastRead == current.lastRead else {
            turn?.lastRead = partition.lastRead
            turn?.movedAt = now
            return true
        }
        return now < turnDue ?? .min
    }

    private func endTurn(now: Int64) {
        guard let last = turn.take(), let partition = partitions[last.partition], partition.epoch == last.epoch else {
            return
        }
        // It has had none where there was no room for it.
        guard !partition.isWaitingForTurn else { return }
        partition.turnEndedAt = now
        enqueueAll(of: partition)
    }
}
