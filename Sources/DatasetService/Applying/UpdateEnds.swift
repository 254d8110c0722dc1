import LookoutVision
import NIOCore
import NIOPosix
import ServiceLifecycle
import Synchronization

/// Tells how accepted updates end to whoever made them and waits for it.
final class UpdateEnds: Sendable {
    private typealias Waiter = CheckedContinuation<DatasetStatus?, Never>

    private struct State {
        var waiters: [UpdateID: Waiter] = [:]
        var isClosed = false
    }

    private let state = Mutex(State())

    /// Waits until the update is over, for `patience` at most. Only one may wait for an update.
    ///
    /// - Parameters:
    ///   - id: of an update that nobody has been told the end of.
    ///   - patience: from now on.
    ///   - begin: hands the update over; called once, when its end can no longer be missed.
    /// - Returns: how it ended; nil where it was not over in time, or the service stops.
    func end(of id: UpdateID, within patience: Duration, after begin: () -> Void) async -> DatasetStatus? {
        var timer: Scheduled<Void>?
        defer { timer?.cancel() }
        // A stop waits for the requests in hand before anything else ends, so these must not wait for it.
        return await withTaskCancellationOrGracefulShutdownHandler {
            await withCheckedContinuation { waiter in
                let isWaiting = state.withLock { state in
                    guard !state.isClosed else { return false }
                    state.waiters[id] = waiter
                    return true
                }
                begin()
                guard isWaiting else { return waiter.resume(returning: nil) }
                // Not a task that sleeps: those that are cancelled are kept until they would have woken up.
                timer = MultiThreadedEventLoopGroup.singleton.any().scheduleTask(in: TimeAmount(patience)) {
                    self.tell(nil, of: id)
                }
                // A stop before this point found nobody to wake. (Not asked under the lock, which whoever stops takes with
                // the lock of the stop in hand.)
                if Task.isCancelled || Task.isShuttingDownGracefully { tell(nil, of: id) }
            }
        } onCancelOrGracefulShutdown: {
            self.tell(nil, of: id)
        }
    }

    /// The update is over; nil where it is not known how.
    func tell(_ status: DatasetStatus?, of id: UpdateID) {
        state.withLock { $0.waiters.removeValue(forKey: id) }?.resume(returning: status)
    }

    /// Nobody will be told anything any more: lets everybody go, now and later.
    func close() {
        let waiters = state.withLock { state in
            state.isClosed = true
            defer { state.waiters = [:] }
            return state.waiters
        }
        for waiter in waiters.values { waiter.resume(returning: nil) }
    }
}
