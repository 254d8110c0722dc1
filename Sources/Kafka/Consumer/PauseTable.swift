/// Which partitions are to be paused, and which librdkafka has paused: the two differ while a call has failed.
struct PauseTable {
    /// What librdkafka holds paused for us. Outlives an assignment, because its pause does too.
    private(set) var held: Set<Int32> = []
    /// What the delegate wants paused.
    private(set) var wanted: Set<Int32> = []
    /// When what has failed is tried again; nil where nothing has.
    private(set) var retryAt: ContinuousClock.Instant?

    static let retryPause: Duration = .milliseconds(500)

    mutating func want(_ partitions: some Sequence<Int32>) { wanted.formUnion(partitions) }
    mutating func unwant(_ partitions: some Sequence<Int32>) { wanted.subtract(partitions) }

    mutating func paused(_ partitions: some Sequence<Int32>) { held.formUnion(partitions) }
    mutating func resumed(_ partitions: some Sequence<Int32>) { held.subtract(partitions) }

    /// Of those that are assigned: whom to pause, in order.
    func toPause(_ isAssigned: (Int32) -> Bool) -> [Int32] { wanted.subtracting(held).filter(isAssigned).sorted() }

    /// Of those that are assigned: whom to resume, in order. Nobody else, since resuming a partition that is not paused
    /// sends librdkafka (before 2.4.0) back to an old offset.
    func toResume(_ isAssigned: (Int32) -> Bool) -> [Int32] { held.subtracting(wanted).filter(isAssigned).sorted() }

    /// Says when to come back, after a try to make the two the same.
    mutating func tried(now: ContinuousClock.Instant, _ isAssigned: (Int32) -> Bool) {
        retryAt = toPause(isAssigned).isEmpty && toResume(isAssigned).isEmpty ? nil : now + Self.retryPause
    }
}
