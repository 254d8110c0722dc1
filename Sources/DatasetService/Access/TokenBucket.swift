/// Holds up to `capacity` tokens and gets `rate` of them a second; whatever is limited takes one.
struct TokenBucket: Sendable {
    let capacity: Double
    /// Tokens a second.
    let rate: Double
    private var tokens: Double
    private var at: Timestamp

    /// A full one.
    init(capacity: Double, rate: Double, now: Timestamp) {
        self.capacity = capacity
        self.rate = rate
        tokens = capacity
        at = now
    }

    /// Takes a token.
    ///
    /// - Returns: nil, or where there is none the seconds until there is one.
    mutating func take(now: Timestamp) -> Double? {
        if let wait = wait(now: now) { return wait }
        tokens -= 1
        return nil
    }

    /// Seconds until there is a token; nil where there is one.
    mutating func wait(now: Timestamp) -> Double? {
        fill(now: now)
        return tokens < 1 ? (1 - tokens) / rate : nil
    }

    /// Whether it holds as much as a new one does, so that nothing is forgotten with it.
    mutating func isFull(now: Timestamp) -> Bool {
        fill(now: now)
        return tokens >= capacity
    }

    private mutating func fill(now: Timestamp) {
        // A clock that was set back gives nothing, and takes nothing.
        let elapsed = max(0, now.secondsSinceEpoch - at.secondsSinceEpoch)
        tokens = min(capacity, tokens + elapsed * rate)
        at = now
    }
}
