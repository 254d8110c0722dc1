import Dispatch
import Synchronization

/// Wakes whoever waits for something to change.
///
/// It rings when it is told to, and 20 times a second by itself for what nobody reports, such as a row in a database.
final class Bell: Sendable {
    private let waiting = Mutex<[CheckedContinuation<Void, Never>]>([])
    private let timer: any DispatchSourceTimer

    init() {
        timer = DispatchSource.makeTimerSource()
        timer.setEventHandler { [weak self] in self?.ring() }
        timer.schedule(deadline: .now(), repeating: .milliseconds(50))
        timer.activate()
    }

    deinit {
        timer.cancel()
    }

    func ring() {
        let woken = waiting.withLock { waiting in
            defer { waiting = [] }
            return waiting
        }
        for continuation in woken { continuation.resume() }
    }

    /// Returns at the next ring.
    func next() async {
        await withCheckedContinuation { continuation in
            waiting.withLock { $0.append(continuation) }
        }
    }
}
