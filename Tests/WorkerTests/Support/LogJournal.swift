import Logging
import Synchronization

/// Keeps what a worker logs, and lets a test wait for a line: the worker's own word instead of a guess at the time.
final class LogJournal: Sendable {
    struct Line: Sendable {
        var level: Logger.Level
        var message: String
        var metadata: [String: String]
    }

    private struct Waiter {
        var condition: @Sendable ([Line]) -> Bool
        var continuation: CheckedContinuation<Void, any Error>
    }

    private struct State {
        var lines: [Line] = []
        var waiters: [Int: Waiter] = [:]
        var lastWaiter = 0
    }

    private let state = Mutex(State())

    var lines: [Line] { state.withLock { $0.lines } }

    var logger: Logger {
        Logger(label: "worker") { _ in Handler(journal: self) }
    }

    func count(_ message: String) -> Int { lines.count { $0.message == message } }

    /// Ends with the line, or with the test's time limit.
    func wait(for message: String, count: Int = 1) async throws {
        try await wait { $0.count { $0.message == message } >= count }
    }

    func wait(until condition: @escaping @Sendable ([Line]) -> Bool) async throws {
        let id = state.withLock { state in
            state.lastWaiter += 1
            return state.lastWaiter
        }
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                let isReady = state.withLock { state in
                    if condition(state.lines) || Task.isCancelled { return true }
                    state.waiters[id] = Waiter(condition: condition, continuation: continuation)
                    return false
                }
                if isReady { continuation.resume() }
            }
        } onCancel: {
            state.withLock { $0.waiters.removeValue(forKey: id) }?.continuation.resume(throwing: CancellationError())
        }
    }

    private func add(_ line: Line) {
        let ready = state.withLock { state in
            state.lines.append(line)
            let ready = state.waiters.filter { $0.value.condition(state.lines) }
            for id in ready.keys { state.waiters[id] = nil }
            return Array(ready.values)
        }
        for waiter in ready { waiter.continuation.resume() }
    }

    private struct Handler: LogHandler {
        let journal: LogJournal
        var logLevel = Logger.Level.debug
        var metadata: Logger.Metadata = [:]

        init(journal: LogJournal) { self.journal = journal }

        subscript(metadataKey key: String) -> Logger.Metadata.Value? {
            get { metadata[key] }
            set { metadata[key] = newValue }
        }

        func log(event: LogEvent) {
            journal.add(
                Line(
                    level: event.level, message: "\(event.message)",
                    metadata: (event.metadata ?? [:]).mapValues { "\($0)" }))
        }
    }
}
