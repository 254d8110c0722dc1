import Synchronization

/// How soon after an update was accepted it is worth asking whether it has ended.
///
/// Learnt from the updates before: an endpoint whose updates have ended by the time of the first question is asked twice
/// as soon the next time, in the end at once, another one twice as late. So one that applies updates at once costs no wait,
/// and one that takes seconds no more questions than the backoff would ask.
final class UpdatePace: Sendable {
    private let longest: Duration
    private let first: Mutex<Duration>
    /// Of those that are waits at all: half of it is none.
    private let shortest: Duration

    /// Begins with the longest wait.
    init(longest: Duration) {
        self.longest = longest
        shortest = min(.milliseconds(1), longest)
        first = Mutex(longest)
    }

    /// How long to wait before a question, once so many were asked in vain: zero only before the first one, and only where
    /// updates have ended by then. The waits double up to `cap`.
    func wait(after polls: Int, cap: Duration, jitter: (Duration) -> Duration) -> Duration {
        let first = first.withLock { $0 }
        if first == .zero, polls == 0 { return .zero }
        return Backoff(base: max(first, shortest), cap: cap)
            .delay(attempt: first == .zero ? polls - 1 : polls, retryAfterSeconds: nil, jitter: jitter)
    }

    /// An update was found to have ended with the so-manieth question.
    func learn(polls: Int) {
        first.withLock { wait in
            if polls == 1 {
                wait = wait > shortest ? max(wait / 2, shortest) : .zero
            } else {
                wait = min(max(wait * 2, shortest), longest)
            }
        }
    }
}
