internal import FoundationEssentials
internal import Settlement

/// The two clocks of the machine, read from the system.
struct SystemClock: Sendable {
    private let origin = ContinuousClock.now

    var now: Moment {
        Moment(
            monotonic: (ContinuousClock.now - origin).nanoseconds,
            wall: Int64(Date.now.timeIntervalSince1970 * 1000))
    }
}
