import FoundationEssentials

/// The clocks and the dice of the client, so that tests turn them by hand.
package struct TimeSource: Sendable {
    /// Whole seconds since 1970-01-01T00:00:00Z: signatures and dates in answers.
    package var wallClock: @Sendable () -> Int
    /// Time since some fixed moment, never running backwards: rates and patience.
    package var monotonic: @Sendable () -> Duration
    /// Waits so long; throws when the task is cancelled, at once.
    package var sleep: @Sendable (Duration) async throws -> Void
    /// A random time from zero up to the given one: full jitter.
    package var jitter: @Sendable (Duration) -> Duration

    /// Clocks and dice of one's own.
    package init(
        wallClock: @escaping @Sendable () -> Int, monotonic: @escaping @Sendable () -> Duration,
        sleep: @escaping @Sendable (Duration) async throws -> Void,
        jitter: @escaping @Sendable (Duration) -> Duration
    ) {
        self.wallClock = wallClock
        self.monotonic = monotonic
        self.sleep = sleep
        self.jitter = jitter
    }

    /// The machine's clocks.
    package static let system: TimeSource = {
        let start = ContinuousClock.now
        return TimeSource(
            wallClock: { Int(Date.now.timeIntervalSince1970) },
            monotonic: { start.duration(to: .now) },
            sleep: { try await Task.sleep(for: $0, clock: .continuous) },
            jitter: { $0 * Double.random(in: 0...1) })
    }()
}
