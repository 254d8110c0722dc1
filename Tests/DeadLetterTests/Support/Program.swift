import Foundation
import Synchronization

/// A process of the executable under test.
final class Program: Sendable {
    struct End: Sendable {
        /// nil: ended by a signal.
        var status: Int32?
        var output: String
        var log: String

        var lines: [String] { output.split(separator: "\n").map(String.init) }
    }

    private struct State {
        var end: End?
        var waiting: [CheckedContinuation<End, Never>] = []
    }

    private let process = Process()
    private let state = Mutex(State())

    init(_ arguments: [String]) throws {
        let output = Pipe()
        let log = Pipe()
        process.executableURL = (Bundle.main.executableURL ?? URL(filePath: CommandLine.arguments[0]))
            .deletingLastPathComponent().appending(path: "linefeed")
        process.arguments = arguments
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = output
        process.standardError = log
        try process.run()
        let logText = Mutexed("")
        let logIsRead = DispatchSemaphore(value: 0)
        Thread.detachNewThread {
            logText.set(String(decoding: log.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self))
            logIsRead.signal()
        }
        Thread.detachNewThread { [self] in
            let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
            logIsRead.wait()
            process.waitUntilExit()
            let status = process.terminationReason == .exit ? process.terminationStatus : nil
            let end = End(status: status, output: text, log: logText.get())
            let waiting = state.withLock { state in
                state.end = end
                defer { state.waiting = [] }
                return state.waiting
            }
            for continuation in waiting { continuation.resume(returning: end) }
        }
    }

    /// Runs one to its end.
    static func run(_ arguments: [String]) async throws -> End { try await Program(arguments).end() }

    func end() async -> End {
        await withCheckedContinuation { continuation in
            let end = state.withLock { state in
                if state.end == nil { state.waiting.append(continuation) }
                return state.end
            }
            if let end { continuation.resume(returning: end) }
        }
    }

    /// As a power cut would.
    func kill() {
        if process.isRunning { Foundation.kill(process.processIdentifier, SIGKILL) }
    }

    var isRunning: Bool { process.isRunning }

    private final class Mutexed: Sendable {
        private let value: Mutex<String>
        init(_ value: String) { self.value = Mutex(value) }
        func set(_ text: String) { value.withLock { $0 = text } }
        func get() -> String { value.withLock { $0 } }
    }
}
