internal import Kafka
internal import Labelling
internal import Settlement

/// What the engine remembers for its status and metrics alone; nothing that is decided rests on it.
struct EngineWatch {
    private(set) var views: [Int32: PartitionView] = [:]
    /// The partition of the record before: records come in runs.
    private var current: PartitionView?
    var lanes = LaneBoard()
    var traces = TraceTable()
    var access = AccessWatch()
    /// Calls that have no answer yet, with the monotonic nanoseconds of their beginning.
    var calls: [RequestID: (kind: Call.Kind, dataset: DatasetKey, since: Int64)] = [:]
    /// Dead letters that are being written, by reason.
    var letters: [RequestID: [String: Int]] = [:]
    /// What the counters said when they were last passed on.
    var counted = Settlement.Summary().counters

    /// Whether the group has said what is ours, which may be nothing.
    private(set) var hasAssignment = false
    var assignments = 0
    var revocations = 0
    var losses = 0
    var assignmentError: KafkaError?

    /// Something has changed that should be seen at once.
    var isDue = true
    /// Monotonic nanoseconds of the next look.
    var nextLook: Int64 = .min
    /// A question about the ends of logs is on its way.
    var isAsking = false
    /// Monotonic nanoseconds before which no other is asked.
    var nextQuestion: Int64 = .min
    /// Monotonic nanoseconds since when no broker has been reached.
    private(set) var brokersDownSince: Int64?

    mutating func wasAssigned() {
        hasAssignment = true
        assignments += 1
        brokersDownSince = nil
        isDue = true
    }

    mutating func brokersAreDown(since now: Int64) {
        brokersDownSince = brokersDownSince ?? now
        isDue = true
    }

    mutating func brokersAnswer() { brokersDownSince = nil }

    mutating func add(_ view: PartitionView) {
        views[view.number] = view
        current = nil
        isDue = true
    }

    mutating func drop(_ partitions: [Int32]) {
        for partition in partitions {
            views[partition] = nil
            lanes.drop(partition)
            traces.forget(partition)
        }
        calls = calls.filter { !partitions.contains($0.key.lane.partition) }
        letters = letters.filter { !partitions.contains($0.key.lane.partition) }
        current = nil
        // An eager rebalance takes all, and the next assignment says what is ours.
        if views.isEmpty { hasAssignment = false }
        isDue = true
    }

    mutating func dropAll() { drop(Array(views.keys)) }

    mutating func noteTimestamp(_ milliseconds: Int64, _ partition: Int32, _ offset: Int64) {
        if current?.number != partition { current = views[partition] }
        current?.timestamps.note(offset, milliseconds: milliseconds)
    }
}
