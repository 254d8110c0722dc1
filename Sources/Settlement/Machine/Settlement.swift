internal import DequeModule
internal import Labelling

/// The heart: from records to settled offsets, exactly once.
///
/// A pure state machine. What happens comes in as method calls with the time as a parameter; what is to be done comes
/// out as `Action`s. It does no I/O and reads no clock, so a simulator can put it through every order of events.
/// Confined to one thread: the consumer's poll thread.
package final class Settlement {
    package let settings: Settings
    let linger: Int64
    var random: SplitMix64

    var partitions = PartitionTable()
    var epoch = 0
    var sequence = 0
    var timers = TimerQueue()

    /// Lanes with a ripe segment and nothing in flight.
    var lanesToCut: Deque<LaneReference> = []
    /// Lanes with a recorded batch that wants one of the concurrent places.
    var lanesToCall: Deque<LaneReference> = []
    /// The same, of batches that have asked in vain before.
    var lanesToRetry: Deque<LaneReference> = []
    /// Batches that have one of the concurrent places: they are being sent, or dead-lettered.
    var placesTaken = 0
    var placesOfRetries = 0
    /// Batches that were cut, and that no acknowledged commit names yet.
    var unrecordedCount = 0
    /// Whether the last of the concurrent places went to a batch that has asked in vain before.
    var wasRetryLast = false
    /// A dataset spread over partitions has one update at a time: who has it, and who waits for it.
    var holders: [DatasetKey: LaneReference] = [:]
    var waitersForDataset: [DatasetKey: Deque<LaneReference>] = [:]

    var commit: OutstandingCommit?
    var lastCommitAt: Int64 = .min / 2
    var commitFailures = 0
    var commitRetryAt: Int64 = 0

    /// How crowded it was at the last look; nil while memory is not short.
    var crowd: Crowd?
    /// Bytes at which a lane no longer waits for company.
    var ripeBytes = Int.max
    var lastLookAtLanes: Int64 = .min / 2
    /// When memory is short and the next look is not due yet.
    var nextLookAtLanes: Int64?
    /// Whose turn it is to be read; nil while all partitions are.
    var turn: ReadingTurn?
    /// Whose turn it was before, while the last of it is still to come.
    var endingTurn: ReadingTurn?
    /// While no more is read, so that what was read goes out first.
    var hold: ReadingHold?
    /// When there was last more than a little held. Monotonic nanoseconds.
    var crowdedUntil: Int64 = .min / 2

    var nextWatchAt: Int64 = .min

    /// Since when partitions are being taken away, and which the group waits to hear of.
    var leavingSince: Int64?
    var partingNumbers: Set<Int32> = []
    var stopping: Stopping?
    var hasGivenUp = false

    package internal(set) var counters = Counters()
    var actions: [Action] = []

    struct OutstandingCommit {
        struct Part {
            var epoch: Int
            var offset: Int64
            var levels: Partition.Levels
            var version: Int
            /// The log had been read up to here.
            var readThrough: Int64
            var intents: [Int32]
        }
        var parts: [Int32: Part]
    }

    struct Stopping {
        /// Monotonic nanoseconds until which batches in flight may still settle.
        var deadline: Int64
        var hasLeft = false
    }

    package init(settings: Settings, seed: UInt64) {
        self.settings = settings
        // (Deadlines must not overflow.)
        linger = min(settings.linger.nanoseconds, .max / 4)
        random = SplitMix64(seed: seed)
    }

    /// Takes what is to be done since the last time, in order.
    package func takeActions() -> [Action] {
        defer { actions.removeAll(keepingCapacity: true) }
        return actions
    }

    func nextSequence() -> Int {
        sequence += 1
        return sequence
    }

    /// The lane, if the reference speaks of the ownership that we have now.
    func lane(_ reference: LaneReference) -> (Partition, Lane)? {
        guard let partition = partitions[reference.partition], partition.epoch == reference.epoch,
            let lane = partition.lane(reference.lane)
        else { return nil }
        return (partition, lane)
    }
}

/// What happened so far; only ever rises.
package struct Counters: Sendable, Equatable {
    package var recordsRead = 0
    package var eventsSettled = 0
    package var eventsReplayed = 0
    package var tombstones = 0
    package var deadLetters = 0
    package var batchesSettled = 0
    package var linesApplied = 0
    package var calls = 0
    package var commits = 0
    package var commitsFailed = 0
    package var ledgersIgnored = 0
}
