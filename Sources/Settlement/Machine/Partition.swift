internal import Labelling
internal import LookoutVision

/// Everything known of one partition while it is ours.
final class Partition {
    let number: Int32
    let epoch: Int
    /// The next offset to be read.
    var position: Int64
    let lanes = LaneTable()
    var refusals: RefusalLane
    /// Numbers of the lanes that a ledger may have to name or a watermark to wait for.
    var active: [Int32] = []
    /// Lanes cut since the last commit, whose intents the next one must carry.
    var intents: [Int32] = []
    /// Cuts of batches that are being re-formed, lowest last.
    var reformingCuts: [(cut: Int64, lane: Int32)] = []
    /// What the inherited ledger says of lanes by their hashes, until the log has been read past all of it: a lane that
    /// is met finds here what is known of it.
    var unmet: [UInt32: Ledger.Entry] = [:]
    /// The lane that a hash stands for.
    var laneOfHash: [UInt32: Int32] = [:]

    let coder: LedgerCoder
    /// `Ledger.era`.
    let era: Int64
    /// The levels of the ledger last acknowledged, or of the one that came with the partition.
    var levels: Levels
    /// What came with the partition, for the lanes that it does not name. Until the log was read past its top, there may
    /// be such lanes that we have not met yet, so it stays as it is in every ledger that we write.
    let inherited: Inheritance
    /// The offset last acknowledged by the coordinator.
    var committedOffset: Int64
    /// Moves with everything that a commit would write; equal to `committedVersion` when nothing is new.
    var version = 0
    var committedVersion = 0

    var watch = ProgressWatch()
    var heldBytes = 0
    /// Numbers of the lanes with events that have to be read again.
    var lanesMissing: [Int32] = []
    /// A rewind that was asked for and not confirmed yet: where to, and when to ask again (monotonic nanoseconds).
    var rewind: (offset: Int64, retryAt: Int64)?
    var isPaused = false
    /// Whether it is paused because it is another one's turn to be read.
    var isWaitingForTurn = false
    /// When it was last resumed; when it was last resumed after it had waited for its turn, so that its lanes linger anew;
    /// and when its turn began and ended. Monotonic nanoseconds.
    var resumedAt: Int64 = .min / 2
    var lingersFrom: Int64 = .min / 2
    var lastTurnAt: Int64 = .min
    var turnEndedAt: Int64 = .min
    /// The log goes on to this offset, at least.
    var logEnd: Int64 = 0
    /// Bytes of events taken in so far; only ever rises.
    var receivedBytes = 0
    /// Offset of the record that was handed over last, whether for the first time or again.
    var lastRead: Int64 = -1
    /// What the batches of stuck lanes hold, as of the last look.
    var stuckFlightBytes = 0
    var movingBytes: Int { heldBytes - stuckFlightBytes }
    /// Read to the end of its log, as far as we know.
    var isAtEnd = false
    /// Being taken away: nothing new is cut or sent.
    var isLeaving = false
    /// The last write before leaving was tried.
    var hasSaidGoodbye = false
    /// What there is room for in the ledger.
    var room: Room

    struct Levels: Equatable {
        var floor: Int64
        var ceiling: Int64?
    }

    struct Inheritance {
        var floor: Int64
        var ceiling: Ledger.Ceiling?
        /// The highest cut of a batch in flight; -1 for none.
        var lastCut: Int64

        var top: Int64 { ceiling?.offset ?? floor }

        func level(of lane: LaneDigest) -> Int64 {
            guard let ceiling, ceiling.map.isHigh(lane) else { return floor }
            return ceiling.offset
        }
    }

    init(
        number: Int32, epoch: Int, start: Int64, ledger: Ledger, mustCommit: Bool, coder: LedgerCoder,
        ledgerCharacters: Int
    ) {
        self.number = number
        self.epoch = epoch
        self.coder = coder
        position = start
        era = ledger.era
        committedOffset = ledger.offset
        levels = Levels(floor: ledger.floor, ceiling: ledger.ceiling?.offset)
        inherited = Inheritance(
            floor: ledger.floor, ceiling: ledger.ceiling,
            lastCut: ledger.entries.reduce(-1) { max($0, $1.inFlight?.cut ?? -1) })
        refusals = RefusalLane(settled: ledger.floor)
        version = mustCommit ? 1 : 0
        room = Room(limit: ledgerCharacters, used: coder.encode(ledger).utf8.count)
        for entry in ledger.entries { restore(entry) }
    }

    func lane(_ number: Int32) -> Lane? {
        lanes.lanes.indices.contains(Int(number)) ? lanes.lanes[Int(number)] : nil
    }

    func reference(to lane: Int32) -> LaneReference { LaneReference(partition: number, epoch: epoch, lane: lane) }

    func activate(_ lane: Lane) {
        guard !lane.isActive else { return }
        lane.isActive = true
        active.append(lane.number)
    }

    var isDirty: Bool { version != committedVersion }

    /// The lowest unsettled offset: the only offset ever committed.
    var watermark: Int64 {
        var lowest = min(position, refusals.firstUnsettled ?? .max)
        for number in active {
            if let first = lanes.lanes[Int(number)].firstUnsettled { lowest = min(lowest, first) }
        }
        // A batch that is being re-formed has unsettled events that were not read yet; they are at or above position.
        return lowest
    }
}
