internal import DequeModule
internal import Dispatch
internal import Synchronization

/// What the poll thread shares with the thread that decodes beside it: batches to be decoded, and batches that were settled
/// and whose records are to be given back. Either thread may do either; the poll thread does when it would wait otherwise.
final class DecodingQueue: Sendable {
    private struct State {
        var undecoded: Deque<RecordBatch> = []
        var settled: [RecordBatch] = []
        var free: [RecordBatch] = []
        var isClosed = false
    }

    private let state = Mutex(State())
    private let work = DispatchSemaphore(value: 0)
    private let end = DispatchSemaphore(value: 0)

    /// To be decoded by whoever comes first.
    func add(_ batch: RecordBatch) {
        state.withLock { $0.undecoded.append(batch) }
        work.signal()
    }

    /// The batch that has waited longest; the caller has to decode it.
    func takeUndecoded() -> RecordBatch? { state.withLock { $0.undecoded.popFirst() } }

    /// Its records are needed no more.
    func giveBack(_ batch: RecordBatch) {
        state.withLock { $0.settled.append(batch) }
        work.signal()
    }

    /// Is empty, for the next time.
    func keep(_ batch: RecordBatch) { state.withLock { $0.free.append(batch) } }

    /// An empty batch.
    func takeFree() -> RecordBatch {
        let (free, settled) = state.withLock { state in
            let free = state.free.popLast()
            return (free, free == nil ? state.settled.popLast() : nil)
        }
        settled?.clear()
        return free ?? settled ?? RecordBatch()
    }

    /// The life of the thread beside the poll thread: until `close`.
    func run() {
        defer { end.signal() }
        while true {
            work.wait()
            let (undecoded, settled, isClosed) = state.withLock { state in
                let undecoded = state.undecoded.popFirst()
                return (undecoded, undecoded == nil ? state.settled.popLast() : nil, state.isClosed)
            }
            undecoded?.decode()
            if let settled {
                settled.clear()
                state.withLock { $0.free.append(settled) }
            }
            if isClosed { return }
        }
    }

    /// Ends the thread, if there is one, waits for it, and gives every record back.
    func close(hasThread: Bool) {
        state.withLock { $0.isClosed = true }
        work.signal()
        if hasThread { end.wait() }
        state.withLock { $0 = State(isClosed: true) }
    }
}
