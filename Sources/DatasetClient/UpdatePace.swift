import Synchronization

/// How soon after an update was accepted it is worth asking whether it has ended.
///
/// Learnt from the updates before: an endpoint whose updates have ended by the time of the first question is asked twice
/// as soon the next time, another one twice as late. So one that applies updates at once costs no wait, and one that takes
/// seconds no more questions than the backoff would ask.
final class UpdatePace: Sendable {
    private let longest: Duration
    private let wait: Mutex<Duration>
    private static let shortest: Duration = .milliseconds(1)

    /// Begins with the longest wait.
    init(longest: Duration) {
        self.longest = longest
        wait = Mutex(longest)
    }

    /// The most that the first wait can be; later ones double.
    var firstWait: Duration { wait.withLock { $0 } }

    /// An update was found to have ended with the so-manieth question.
    func learn(polls: Int) {
        wait.withLock { wait in
            wait = polls == 1 ? max(wait / 2, min(Self.shortest, longest)) : min(wait * 2, longest)
        }
    }
}
