/// A reading of both clocks, handed in by the caller: the settlement machine never asks for the time itself.
package struct Moment: Sendable, Hashable {
    /// Nanoseconds of a clock that only moves forward; timers live on it. Meaningless outside this process.
    package var monotonic: Int64
    /// Milliseconds since the epoch; it outlives the process, so token ages are measured on it.
    package var wall: Int64

    package init(monotonic: Int64, wall: Int64) {
        self.monotonic = monotonic
        self.wall = wall
    }
}

extension Duration {
    /// Whole nanoseconds, capped at what fits (292 years).
    package var nanoseconds: Int64 {
        let (seconds, attoseconds) = components
        let (scaled, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
        return overflow ? (seconds < 0 ? .min : .max) : scaled &+ attoseconds / 1_000_000_000
    }
}
