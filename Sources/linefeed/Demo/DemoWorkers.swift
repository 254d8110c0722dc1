internal import Foundation

/// The demo's worker processes: this same program, started as `linefeed run`.
struct DemoWorkers {
    private let arguments: [String]
    private let folder: URL
    private var running: [Process] = []
    private var started = 0

    init(arguments: [String], folder: URL) {
        self.arguments = arguments
        self.folder = folder
    }

    var count: Int { running.count { $0.isRunning } }

    mutating func start() throws {
        started += 1
        let log = log(started)
        guard FileManager.default.createFile(atPath: log.path, contents: nil) else {
            throw CommandFailure("\(log.path) cannot be created")
        }
        let process = Process()
        process.executableURL = try Self.executable
        process.arguments = ["run"] + arguments
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = FileHandle.nullDevice
        process.standardError = try FileHandle(forWritingTo: log)
        try process.run()
        running.append(process)
    }

    /// Takes one away as a power cut would: no signal that it could catch, nothing that it could write.
    mutating func killOne(_ random: inout some RandomNumberGenerator) -> Int32? {
        guard let victim = running.filter(\.isRunning).randomElement(using: &random) else { return nil }
        kill(victim.processIdentifier, SIGKILL)
        victim.waitUntilExit()
        running.removeAll { $0 === victim }
        return victim.processIdentifier
    }

    /// Asks all to stop and waits for them.
    /// - Returns: the exit statuses.
    mutating func stop() -> [Int32] {
        for process in running where process.isRunning { process.terminate() }
        defer { running = [] }
        return running.map { process in
            process.waitUntilExit()
            return process.terminationStatus
        }
    }

    /// How many batches the ledgers named when partitions were taken over, as the workers' logs say.
    func batchesTakenOver() -> Int {
        let key = "batches_in_flight="
        return (1...max(1, started)).reduce(0) { sum, number in
            guard let data = FileManager.default.contents(atPath: log(number).path) else { return sum }
            let words = String(decoding: data, as: UTF8.self).split(whereSeparator: \.isWhitespace)
            return sum + words.reduce(0) { $0 + ($1.hasPrefix(key) ? Int($1.dropFirst(key.count)) ?? 0 : 0) }
        }
    }

    private func log(_ number: Int) -> URL { folder.appending(path: "worker-\(number).log") }

    /// The workers that ended although nobody asked them to.
    var fallen: [Int32] { running.filter { !$0.isRunning }.map(\.terminationStatus) }

    private static var executable: URL {
        get throws {
            if let own = Bundle.main.executableURL { return own }
            throw CommandFailure("this program cannot find its own file, so it cannot start workers")
        }
    }
}
