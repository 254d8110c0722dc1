internal import HeapModule

/// One heap for every deadline of every lane, instead of a task for each.
///
/// Timers are never cancelled: whoever is woken looks whether there is still something to do, so a stale timer costs
/// one look.
struct TimerQueue {
    struct Timer: Comparable {
        var deadline: Int64
        var sequence: Int
        var lane: LaneReference

        static func < (a: Timer, b: Timer) -> Bool { (a.deadline, a.sequence) < (b.deadline, b.sequence) }
        static func == (a: Timer, b: Timer) -> Bool { a.sequence == b.sequence }
    }

    private var heap = Heap<Timer>()
    private var sequence = 0

    /// Monotonic nanoseconds of the earliest timer.
    var earliest: Int64? { heap.min?.deadline }

    mutating func add(_ lane: LaneReference, at deadline: Int64) {
        sequence += 1
        heap.insert(Timer(deadline: deadline, sequence: sequence, lane: lane))
    }

    mutating func popDue(at now: Int64) -> LaneReference? {
        guard let first = heap.min, first.deadline <= now else { return nil }
        return heap.removeMin().lane
    }
}
