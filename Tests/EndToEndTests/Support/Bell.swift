import Dispatch
import Synchronization

/// Wakes whoever waits for something to change.
///
/// It rings when it is told to, and soon by itself for what nobody reports, such as a row in a database.
final class Bell: Sendable {
    private let waiting = Mutex<[CheckedContinuation<Void, Never>]>([])

    func ring() {
        let woken = waiting.withLock { waiting in
            defer { waiting = [] }
            return waiting
        }
        for continuation in woken { continuation.resume() }
    }

    /// Returns at the next ring, in 50 ms at the latest.
    func next() async {
        await withCheckedContinuation { continuation in
            waiting.withLock { $0.append(continuation) }
            DispatchQueue.global().asyncAfter(deadline: .now() + .milliseconds(50)) { self.ring() }
        }
    }
}
