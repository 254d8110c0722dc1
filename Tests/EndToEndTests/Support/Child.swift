import Foundation
import Synchronization

/// One process under test: its output, line by line, and its end.
final class Child: Sendable {
    enum End: Equatable {
        case status(Int32)
        case signal(Int32)
    }

    private struct State {
        var output = Data()
        var log = Data()
        var openStreams = 2
        var end: End?
        var mayEnd: Set<Int32> = []
    }

    let name: String
    private let process = Process()
    private let input: Pipe?
    private let state = Mutex(State())

    /// Starts it; `bell` rings whenever it has said something and at its end.
    init(
        _ name: String, executable: URL, arguments: [String], folder: URL, takesInput: Bool = false,
        environment: [String: String] = [:], bell: Bell
    ) throws {
        self.name = name
        input = takesInput ? Pipe() : nil
        let output = Pipe()
        let log = Pipe()
        process.executableURL = executable
        process.arguments = arguments
        process.currentDirectoryURL = folder
        // What steers the tests is no configuration of what they start.
        let inherited = ProcessInfo.processInfo.environment.filter { !$0.key.hasPrefix("LINEFEED_") }
        process.environment = inherited.merging(environment) { $1 }
        process.standardInput = input ?? FileHandle.nullDevice
        process.standardOutput = output
        process.standardError = log
        process.terminationHandler = { [weak self] process in
            let end: End =
                process.terminationReason == .exit
                ? .status(process.terminationStatus) : .signal(process.terminationStatus)
            self?.state.withLock { $0.end = end }
            bell.ring()
        }
        try process.run()
        try input?.fileHandleForReading.close()
        read(output, bell) { $0.output += $1 }
        read(log, bell) { $0.log += $1 }
    }

    private func read(_ pipe: Pipe, _ bell: Bell, _ append: @escaping @Sendable (inout State, Data) -> Void) {
        Thread.detachNewThread { [self] in
            while true {
                let chunk = pipe.fileHandleForReading.availableData
                state.withLock { state in
                    if chunk.isEmpty { state.openStreams -= 1 } else { append(&state, chunk) }
                }
                bell.ring()
                if chunk.isEmpty { return }
            }
        }
    }

    /// nil while it runs or something that it wrote is still to be read.
    var end: End? {
        state.withLock { $0.openStreams == 0 ? $0.end : nil }
    }

    /// An end that nobody asked for: a crash, or a status other than 0 and not announced with `mayEnd`.
    var unexpectedEnd: End? {
        state.withLock { state in
            switch state.end {
            case nil, .status(0): nil
            case .status(let code), .signal(let code): state.mayEnd.contains(code) ? nil : state.end
            }
        }
    }

    /// Makes an end with this status or by this signal an expected one.
    func mayEnd(with code: Int32) {
        _ = state.withLock { $0.mayEnd.insert(code) }
    }

    func kill() {
        mayEnd(with: SIGKILL)
        send(SIGKILL)
    }

    func terminate() {
        send(SIGTERM)
    }

    /// Stops it in its tracks; to others it looks as if it were slow.
    func freeze() {
        send(SIGSTOP)
    }

    func thaw() {
        send(SIGCONT)
    }

    /// Writes a line to its standard input, if it was started to take any.
    func tell(_ line: String) throws {
        try input?.fileHandleForWriting.write(contentsOf: Data((line + "\n").utf8))
    }

    private func send(_ signal: Int32) {
        // Only a process that was not waited for yet: its number may have gone to another one.
        if process.isRunning { Foundation.kill(process.processIdentifier, signal) }
    }

    /// Whole lines on standard output so far.
    var outputLines: [String] {
        state.withLock { state in
            guard let end = state.output.lastIndex(of: UInt8(ascii: "\n")) else { return [] }
            return String(decoding: state.output[..<end], as: UTF8.self).components(separatedBy: "\n")
        }
    }

    /// Everything on standard error so far.
    var log: String {
        state.withLock { String(decoding: $0.log, as: UTF8.self) }
    }

    /// Adds up what its log says as `key=number`.
    func sum(of key: String) -> Int {
        log.split(whereSeparator: \.isWhitespace).reduce(0) { sum, word in
            word.hasPrefix(key + "=") ? sum + (Int(word.dropFirst(key.count + 1)) ?? 0) : sum
        }
    }

    /// The last lines of its log under its name, for a message.
    var tail: String {
        let lines = log.split(separator: "\n").suffix(15).map { "    " + $0 }
        let end = state.withLock { state in state.end.map { "\($0)" } ?? "running" }
        return "  \(name) (\(end)):\n" + lines.joined(separator: "\n")
    }
}
