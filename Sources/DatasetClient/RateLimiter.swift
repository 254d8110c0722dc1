import Synchronization

/// How many calls of one operation may start.
package enum RateLimit: Sendable, Hashable {
    case unlimited
    /// A token bucket: so many a second in the long run, up to `burst` at once after a rest.
    case perSecond(Double, burst: Int = 1)
}

/// A token bucket whose waiters are served in the order they came.
///
/// The first in line sleeps, in its own task, until the bucket holds a token, and then lets the next one be first; the
/// others are suspended without a timer. A cancelled waiter leaves the line and takes no token.
final class RateLimiter: Sendable {
    private struct Line {
        /// When the bucket would be full if nobody took any more; `nil` until the first token is taken.
        var full: Duration?
        /// Whether somebody is first in line; whoever is, passes that on to the first waiter.
        var isLed = false
        var lastTicket = 0
        var waiters: [(ticket: Int, continuation: CheckedContinuation<Bool, Never>)] = []
    }

    private let interval: Duration
    private let burst: Int
    private let time: TimeSource
    private let line = Mutex(Line())

    /// Without a limit there is no limiter; a rate that is not positive counts as no limit.
    init?(_ limit: RateLimit, time: TimeSource) {
        guard case .perSecond(let rate, let burst) = limit, rate > 0, rate.isFinite else { return nil }
        interval = .seconds(1) / rate
        self.burst = max(1, burst)
        self.time = time
    }

    /// Returns once the caller may start its call; throws, having taken nothing, when its task is cancelled.
    func acquire() async throws {
        guard await becomeFirst() else { throw CancellationError() }
        defer { letNextBeFirst() }
        while true {
            try Task.checkCancellation()
            guard let wait = takeToken() else { return }
            try await time.sleep(wait)
        }
    }

    /// How many stand behind the first in line.
    var waiting: Int { line.withLock { $0.waiters.count } }

    /// Takes a token, or says how long until there is one.
    private func takeToken() -> Duration? {
        let now = time.monotonic()
        return line.withLock { line in
            let full = max(line.full ?? now, now)
            let available = full - interval * (burst - 1)
            guard available <= now else { return available - now }
            line.full = full + interval
            return nil
        }
    }

    /// Whether the caller is first in line now, and so owes the others `letNextBeFirst`; if not, its task was cancelled.
    private func becomeFirst() async -> Bool {
        let ticket = line.withLock { line in
            line.lastTicket += 1
            return line.lastTicket
        }
        return await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isFirst: Bool? = line.withLock { line in
                    // A cancellation before this point found no waiter to wake, one after it will.
                    if Task.isCancelled { return false }
                    if line.isLed {
                        line.waiters.append((ticket, continuation))
                        return nil
                    }
                    line.isLed = true
                    return true
                }
                if let isFirst { continuation.resume(returning: isFirst) }
            }
        } onCancel: {
            let waiter = line.withLock { line in
                line.waiters.firstIndex { $0.ticket == ticket }.map { line.waiters.remove(at: $0) }
            }
            waiter?.continuation.resume(returning: false)
        }
    }

    private func letNextBeFirst() {
        let next = line.withLock { line in
            guard !line.waiters.isEmpty else {
                line.isLed = false
                return nil as CheckedContinuation<Bool, Never>?
            }
            return line.waiters.removeFirst().continuation
        }
        next?.resume(returning: true)
    }
}
