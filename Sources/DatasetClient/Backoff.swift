/// How long to wait before the next try: exponential with full jitter, or what the service asked for, within bounds.
package struct Backoff: Sendable, Hashable {
    /// The most the first wait can be; it doubles from try to try.
    package var base: Duration
    /// The most any jittered wait can be.
    package var cap: Duration
    /// The most a `Retry-After` is obeyed.
    package var retryAfterCap: Duration

    /// Up to 50 ms before the second try, up to 5 s in the long run, unless told otherwise.
    package init(
        base: Duration = .milliseconds(50), cap: Duration = .seconds(5), retryAfterCap: Duration = .seconds(60)
    ) {
        self.base = base
        self.cap = cap
        self.retryAfterCap = retryAfterCap
    }

    /// - Parameters:
    ///   - attempt: how many waits came before, from 0.
    ///   - retryAfterSeconds: what the service asked for; zero asks for nothing.
    ///   - jitter: see `TimeSource.jitter`.
    /// - Returns: the time to wait.
    package func delay(attempt: Int, retryAfterSeconds: Int?, jitter: (Duration) -> Duration) -> Duration {
        let asked = retryAfterSeconds.map { min(.seconds(max(0, $0)), retryAfterCap) } ?? .zero
        // Past 2^30 the cap holds for any base, and the shift must not overflow.
        let ceiling = min(cap, base * (1 << min(max(0, attempt), 30)))
        return max(asked, jitter(ceiling))
    }
}
