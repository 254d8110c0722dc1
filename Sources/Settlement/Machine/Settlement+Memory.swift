/// How memory stays bounded without one stuck dataset stopping the others of its partition.
extension Settlement {
    /// Near the budget, partitions that hold more than their share are paused; they stay in the group and go on once
    /// there is room. Five eighths of the budget are common, a quarter is shared out: one busy partition may use the
    /// common part, and no number of them can exceed the whole. Long before that, where lanes are many, partitions are
    /// read by turns: see `ReadingTurn`.
    ///
    /// What lanes hold that are stuck is no sign of falling behind. Their queues are given up, to be read again later;
    /// only their batches in flight stay, and those pause a partition only once the whole budget is used up.
    func balanceMemory(now: Int64) {
        nextLookAtLanes = nil
        guard !partitions.isEmpty else { return }
        var load = MemoryLoad(of: partitions, budget: settings.memoryBytes)
        if lookAtLanes(load, now: now) { load = MemoryLoad(of: partitions, budget: settings.memoryBytes) }
        passTurn(load, now: now)
        var pause: [Int32] = []
        var resume: [Int32] = []
        for partition in partitions.all {
            let isWaiting = isWaitingForTurn(partition)
            let hasWaited = partition.isWaitingForTurn
            if partition.isPaused {
                if !isWaiting, load.hasRoom(for: partition, isItsTurn: hasTurn(partition)) {
                    partition.isPaused = false
                    partition.resumedAt = now
                    if hasWaited { partition.lingersFrom = now }
                    resume.append(partition.number)
                }
            } else if load.isFull(partition) || isWaiting, !partition.isReforming {
                // (A batch that is being re-formed needs the log up to its cut; nothing of the partition moves without.)
                partition.isPaused = true
                pause.append(partition.number)
            }
            // (Given the turn, it goes on waiting until there is room.)
            partition.isWaitingForTurn =
                partition.isPaused && (isWaiting || (hasWaited && hasTurn(partition)))
            if partition.isWaitingForTurn != hasWaited || pause.last == partition.number {
                reconsiderRipeness(of: partition, now: now)
            }
        }
        if !pause.isEmpty { actions.append(.pause(pause)) }
        if !resume.isEmpty { actions.append(.resume(resume)) }
        for partition in partitions.all where !partition.lanesMissing.isEmpty {
            if !partition.isPaused, !partition.isLeaving, stopping == nil {
                askForRewind(of: partition, now: now)
            } else if let rewind = partition.rewind, rewind.retryAt <= now {
                partition.rewind = nil
            }
        }
    }

    /// Where memory is short: finds out how crowded it is, gives up the queues of stuck lanes, and notes what their
    /// batches hold.
    /// - Returns: whether what is held may have changed.
    private func lookAtLanes(_ load: MemoryLoad, now: Int64) -> Bool {
        guard load.isShort || partitions.all.contains(where: \.isPaused) else {
            for partition in partitions.all { partition.stuckFlightBytes = 0 }
            crowd = nil
            hastenLanes(now: now)
            return false
        }
        // It takes a look at every lane, and neither does an average need a better figure than this, nor do lanes get
        // stuck from one turn to the next.
        guard now >= lastLookAtLanes + Self.lookInterval else {
            nextLookAtLanes = lastLookAtLanes + Self.lookInterval
            return false
        }
        lastLookAtLanes = now
        for partition in partitions.all {
            let isFull = partition.isPaused && !partition.isWaitingForTurn
            if isFull || (load.isHalfUsed && (partition.isPaused || partition.heldBytes > load.share)) {
                forgetStuckLanes(of: partition, now: now)
            }
            partition.stuckFlightBytes = load.isHalfUsed || isFull ? stuckFlightBytes(of: partition, now: now) : 0
        }
        crowd = load.isShort ? Crowd(of: partitions) : nil
        hastenLanes(now: now)
        return true
    }

    /// Nanoseconds.
    private static let lookInterval: Int64 = 20_000_000
}

/// What is held, against what may be.
struct MemoryLoad {
    let budget: Int
    /// What each partition may hold in any case.
    let share: Int
    let total: Int
    /// Without the batches of stuck lanes.
    let moving: Int

    init(of partitions: PartitionTable, budget: Int) {
        self.budget = budget
        share = budget / 4 / max(1, partitions.all.count)
        total = partitions.all.reduce(0) { $0 + $1.heldBytes }
        moving = partitions.all.reduce(0) { $0 + $1.movingBytes }
    }

    /// From here on it may matter who is read, and who goes out.
    var isShort: Bool { total > budget / 16 }
    /// Whether reading by turns may begin, and whether it may go on.
    var isWorthTurns: Bool { moving > budget / 16 }
    var isMoreThanLittle: Bool { moving > budget / 32 }
    var isHalfUsed: Bool { total > budget / 2 }

    /// Whether the partition has to be paused.
    func isFull(_ partition: Partition) -> Bool {
        (moving > budget / 8 * 5 && partition.movingBytes > share) || (total > budget && partition.heldBytes > share)
    }

    /// Whether the partition may go on once paused: late, because it fetches anew what was thrown away when it was. One that
    /// is read by its turn goes on sooner: few others are, and what it holds waits for what is still to be read.
    func hasRoom(for partition: Partition, isItsTurn: Bool = false) -> Bool {
        let most = Self.mostForGoingOn(budget: budget, byTurns: isItsTurn)
        return total <= budget && (moving <= most || partition.movingBytes <= share / 2)
    }

    /// What may be held for a paused partition to go on. Where more than that waits for company, no room comes by itself.
    static func mostForGoingOn(budget: Int, byTurns: Bool) -> Int { byTurns ? budget / 16 * 9 : budget / 2 }
}
