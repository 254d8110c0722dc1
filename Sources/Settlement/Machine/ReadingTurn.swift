/// While a backlog is read and lanes are so many that memory holds but a few events of each, partitions that are behind are
/// read one after the other instead of side by side: what is held belongs to fewer lanes then, so batches are as much
/// larger, and calls as much fewer.
///
/// A turn ends where the log ended when the partition was last seen to be behind, after as many bytes as the budget has,
/// or when nothing has come for a while. Then its lanes go out, and leave the memory to the next one. Partitions that are
/// not behind need no turn: they are read all the time.
///
/// Where it ends with the log, the next one begins a little before, so that there is always something to fetch: a broker
/// holds back the answer to a fetch that finds nothing.
struct ReadingTurn {
    let partition: Int32
    let epoch: Int
    /// When it began to be read, later by as long as nothing was read since. Monotonic nanoseconds.
    var beganAt: Int64
    /// Whether nobody else was behind at its beginning; it ends when somebody is.
    let isAlone: Bool
    /// `Partition.receivedBytes` at its beginning.
    let receivedBefore: Int
    /// Up to where it goes.
    var end: Int64
    /// `Partition.lastRead` as of the last look, and since when, in monotonic nanoseconds.
    var lastRead: Int64
    var movedAt: Int64
    /// For how many nanoseconds nothing was read since then.
    var held: Int64 = 0

    /// How long nothing may come where memory has to be made room in first, or where reading begins again. Nanoseconds.
    static let patienceForRoom: Int64 = 1_000_000_000
    /// How much longer than otherwise events may wait once they are read, for their partition's turn. Nanoseconds.
    static let longestWait: Int64 = 5_000_000_000

    /// The time of a hold is not the turn's.
    mutating func passOver(_ hold: ReadingHold, now: Int64) {
        let time = now - max(hold.since, beganAt)
        beganAt += time
        held += time
    }
}

extension Settlement {
    /// Whether it matters now where logs end.
    package var wantsLogEnds: Bool { crowd != nil || isReadByTurns }

    private var isReadByTurns: Bool { turn != nil || endingTurn != nil }

    /// The partition's log is known to go on to this offset, at least.
    package func learnLogEnd(partition number: Int32, _ offset: Int64) {
        guard let partition = partitions[number] else { return }
        partition.logEnd = max(partition.logEnd, offset)
    }

    private func isBehind(_ partition: Partition) -> Bool {
        partition.logEnd - partition.position > Int64(settings.backlogRecords)
    }

    /// Whether it is the partition's turn, or was until just now and the last of it is still to come.
    func hasTurn(_ partition: Partition) -> Bool {
        turn?.partition == partition.number || endingTurn?.partition == partition.number
    }

    /// Whether the partition is to be paused because it is another one's turn.
    func isWaitingForTurn(_ partition: Partition) -> Bool {
        turn != nil && !hasTurn(partition) && isBehind(partition)
    }

    /// When the first of the turns ends, unless something comes. Monotonic nanoseconds.
    var turnDue: Int64? {
        guard hold == nil else { return nil }
        let dues = [endingTurn, turn].compactMap { $0.flatMap(due) }
        return dues.min()
    }

    private func due(_ turn: ReadingTurn) -> Int64? {
        guard let partition = partitions[turn.partition] else { return nil }
        let patience =
            partition.isPaused || partition.resumedAt >= turn.movedAt
            ? ReadingTurn.patienceForRoom : settings.turnPatience.nanoseconds
        return max(turn.movedAt, partition.isPaused ? .min : partition.resumedAt) + patience + turn.held
    }

    /// Keeps `turn` with whose turn it is; nil while all are read side by side.
    func passTurn(_ load: MemoryLoad, now: Int64) {
        if load.isMoreThanLittle { crowdedUntil = now }
        let mayBe =
            isReadByTurns
            ? now - crowdedUntil < ReadingTurn.patienceForRoom
            : load.isWorthTurns && crowd?.isTooLarge(for: load.budget, each: settings.worthwhileBytes) == true
        guard mayBe else {
            end(endingTurn.take(), now: now)
            end(turn.take(), now: now)
            return
        }
        if let ending = endingTurn.take() {
            endingTurn = continued(ending, isEnding: true, load, now: now)
            if endingTurn == nil { end(ending, now: now) }
        }
        let last = turn.take()
        turn = last.flatMap { continued($0, isEnding: false, load, now: now) }
        if turn != nil {
            handOver(load, now: now)
        } else {
            end(last, now: now)
            beginTurn(after: last, load, now: now)
        }
    }

    private func beginTurn(after last: ReadingTurn?, _ load: MemoryLoad, now: Int64) {
        // One alone has nobody to be read before; but where it is the last one, its lanes go out together as the others' did.
        let behind = self.behind
        guard behind.count > 1 || (last != nil && behind.first?.number != last?.partition) else { return }
        let candidates = behind.filter { mayBeRead($0, load) }
        // (What the one before held is going out: where there is room for nobody yet, there will be.)
        beginTurn(
            among: candidates.isEmpty && last != nil ? behind : candidates, isAlone: behind.count == 1, now: now)
    }

    /// Begins the next turn where this one's log is about to end.
    private func handOver(_ load: MemoryLoad, now: Int64) {
        guard endingTurn == nil, let turn, let partition = partitions[turn.partition], !partition.isPaused,
            turn.end - partition.position <= Int64(settings.handoverRecords)
        else { return }
        let candidates = behind.filter { $0 !== partition && mayBeRead($0, load) }
        guard !candidates.isEmpty else { return }
        endingTurn = turn
        // (Whoever hands over may be behind again before it is through.)
        beginTurn(among: candidates, isAlone: false, now: now)
    }

    private func beginTurn(among candidates: [Partition], isAlone: Bool, now: Int64) {
        let next = candidates.min {
            ($0.lastTurnAt, -$0.heldBytes, $0.number) < ($1.lastTurnAt, -$1.heldBytes, $1.number)
        }
        next?.lastTurnAt = now
        turn = next.map {
            ReadingTurn(
                partition: $0.number, epoch: $0.epoch, beganAt: now, isAlone: isAlone,
                receivedBefore: $0.receivedBytes, end: $0.logEnd, lastRead: $0.lastRead, movedAt: now)
        }
    }

    private var behind: [Partition] {
        partitions.all.filter { isBehind($0) && !$0.isLeaving && $0.number != endingTurn?.partition }
    }

    private func mayBeRead(_ partition: Partition, _ load: MemoryLoad) -> Bool {
        partition.isPaused ? load.hasRoom(for: partition) : !load.isFull(partition)
    }

    /// The turn as it goes on; nil where it is over.
    private func continued(_ last: ReadingTurn, isEnding: Bool, _ load: MemoryLoad, now: Int64) -> ReadingTurn? {
        guard let partition = partitions[last.partition], partition.epoch == last.epoch,
            !partition.isLeaving, partition.receivedBytes - last.receivedBefore < load.budget
        else { return nil }
        var turn = last
        if turn.isAlone, behind.contains(where: { $0 !== partition }) { return nil }
        if isBehind(partition), !isEnding {
            turn.end = partition.logEnd
        } else if partition.position >= turn.end || partition.isAtEnd {
            return nil
        }
        if partition.isWaitingForTurn {
            // Its time begins when there is room for it, unless there is for somebody else before.
            turn.beganAt = now
            turn.movedAt = now
            return behind.contains { $0 !== partition && mayBeRead($0, load) } ? nil : turn
        }
        guard partition.lastRead == turn.lastRead else {
            turn.lastRead = partition.lastRead
            turn.movedAt = now
            turn.held = 0
            return turn
        }
        // Nothing comes of what is held back.
        return hold != nil || now < due(turn) ?? .min ? turn : nil
    }

    /// The lanes of whose turn it was go out.
    private func end(_ turn: ReadingTurn?, now: Int64) {
        guard let turn, let partition = partitions[turn.partition], partition.epoch == turn.epoch else { return }
        // It has had none where there was no room for it.
        guard !partition.isWaitingForTurn else { return }
        partition.turnEndedAt = now
        enqueueAll(of: partition)
        hold = hold ?? ReadingHold(since: now, until: now + min(now - turn.beganAt, ReadingHold.longest))
    }
}
