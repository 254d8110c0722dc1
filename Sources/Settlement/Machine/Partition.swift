internal import Labelling
internal import LookoutVision

/// Everything known of one partition while it is ours.
final class Partition {
    let number: Int32
    let epoch: Int
    /// The next offset to be read.
    var position: Int64
    var lanes = LaneTable()
    var refusals: RefusalLane
    /// Numbers of the lanes that a ledger may have to name or a watermark to wait for.
    var active: [Int32] = []
    /// Lanes cut since the last commit, whose intents the next one must carry.
    var intents: [Int32] = []
    /// Cuts of batches that are being re-formed, lowest last.
    var reformingCuts: [(cut: Int64, lane: Int32)] = []

    let coder: LedgerCoder
    /// `Ledger.era`.
    let era: Int64
    /// The floor of the ledger last acknowledged, or of the one that came with the partition.
    var floor: Int64
    /// The floor that came with the partition: up to it, datasets that we have not met yet may have settled events.
    let inheritedFloor: Int64
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
    /// Read to the end of its log, as far as we know.
    var isAtEnd = false
    /// Being taken away: nothing new is cut or sent.
    var isLeaving = false
    /// The last write before leaving was tried.
    var hasSaidGoodbye = false
    /// The ledger is full until the watermark moves.
    var isFull = false
    /// The lane among the intents that was cut because it holds the watermark of a full ledger.
    var headIntent: Int32?
    /// The version at which there was no room for even that lane.
    var noRoomForHeadAt: Int?

    init(number: Int32, epoch: Int, start: Int64, ledger: Ledger, mustCommit: Bool, coder: LedgerCoder) {
        self.number = number
        self.epoch = epoch
        self.coder = coder
        position = start
        era = ledger.era
        committedOffset = ledger.offset
        floor = ledger.floor
        inheritedFloor = ledger.floor
        refusals = RefusalLane(settled: ledger.floor)
        version = mustCommit ? 1 : 0
        for entry in ledger.entries { restore(entry) }
        reformingCuts.sort { $0.cut > $1.cut }
    }

    private func restore(_ entry: Ledger.Entry) {
        let lastSettledEvent = entry.settled >= committedOffset ? entry.settled : -1
        guard let dataset = entry.dataset else {
            refusals = RefusalLane(settled: entry.settled, lastSettledEvent: lastSettledEvent)
            return
        }
        let lane = lanes.lane(dataset) { Lane(number: $1, dataset: $0, settled: entry.settled) }
        lane.lastSettledEvent = lastSettledEvent
        if let inFlight = entry.inFlight {
            lane.flight = Flight(reforming: inFlight)
            reformingCuts.append((inFlight.cut, lane.number))
        }
        activate(lane)
    }

    func lane(project: UnsafeRawBufferPointer, type: DatasetType) -> Lane {
        lanes.lane(project: project, type: type) { [inheritedFloor] dataset, number in
            Lane(number: number, dataset: dataset, settled: inheritedFloor)
        }
    }

    /// Whether unsettled events at offsets ≤ `floor` are known of or still to be read again.
    func isUnsettled(settled: Int64, firstUnsettled: Int64?, upTo floor: Int64) -> Bool {
        if let firstUnsettled, firstUnsettled <= floor { return true }
        return position <= floor && settled < floor
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

    /// The lane that holds the watermark, if one does.
    var lowestUnsettledLane: Lane? {
        var lowest: (lane: Lane, offset: Int64)?
        for number in active {
            let lane = lanes.lanes[Int(number)]
            if let first = lane.firstUnsettled, first < lowest?.offset ?? .max { lowest = (lane, first) }
        }
        return lowest?.lane
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
