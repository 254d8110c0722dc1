import Foundation
import Kafka
import Synchronization

/// The processes of one test and the folder that they work in. Nothing of it is left when the test ends.
final class Arena: Sendable {
    /// A quick take-over, and yet so that a busy machine does not cost a member its place: it would have to stand still
    /// for so long.
    private static let session = ["--kafka", "session.timeout.ms=6000", "--kafka", "heartbeat.interval.ms=300"]

    /// The quickest that the embedded cluster allows, see `EmbeddedCluster`: for tests to which a lost place is nothing new.
    static let quickestTakeOver = ["--kafka", "session.timeout.ms=3500"]

    let folder: URL
    private let bell = Bell()
    private let children = Mutex<[Child]>([])

    private init() throws {
        folder = FileManager.default.temporaryDirectory.appending(path: "linefeed-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    }

    /// Runs `body`; then every process that is left is killed and the folder removed, whatever came of it.
    ///
    /// `keepingFailures`: if it fails, the folder stays, with every process's output in it.
    static func with(keepingFailures: Bool = false, _ body: (Arena) async throws -> Void) async throws {
        let arena = try Arena()
        let outcome: Result<Void, any Error>
        do { outcome = .success(try await body(arena)) } catch { outcome = .failure(error) }
        let children = arena.children.withLock { $0 }
        for child in children where child.end == nil { child.kill() }
        await arena.allEnded(children)
        if keepingFailures, case .failure = outcome {
            for child in children {
                let file = arena.folder.appending(path: "\(child.name.replacing("/", with: "-")).log")
                let text = (child.outputLines + [child.log]).joined(separator: "\n")
                try text.write(to: file, atomically: false, encoding: .utf8)
            }
            print("the logs are in \(arena.folder.path)")
        } else {
            try FileManager.default.removeItem(at: arena.folder)
        }
        try outcome.get()
    }

    private func allEnded(_ children: [Child]) async {
        let deadline = ContinuousClock.now + .seconds(20)
        while !children.allSatisfy({ $0.end != nil }), .now < deadline { await bell.next() }
    }

    // MARK: - Processes

    /// Starts the executable under test.
    func start(
        _ name: String, _ arguments: [String], takesInput: Bool = false, environment: [String: String] = [:]
    ) throws -> Child {
        try start(name, executable: Paths.linefeed, arguments, takesInput: takesInput, environment: environment)
    }

    func start(
        _ name: String, executable: URL, _ arguments: [String], takesInput: Bool = false,
        environment: [String: String] = [:]
    ) throws -> Child {
        let child = try Child(
            name, executable: executable, arguments: arguments, folder: folder, takesInput: takesInput,
            environment: environment, bell: bell)
        children.withLock { $0.append(child) }
        return child
    }

    /// Runs a command to its end, which must be status 0.
    ///
    /// - Returns: its standard output.
    @discardableResult
    func run(_ name: String, _ arguments: [String], within limit: Duration = .seconds(60)) async throws -> [String] {
        let child = try start(name, arguments)
        try await ended(child, within: limit)
        return child.outputLines
    }

    /// - Returns: the cluster's address.
    func startBroker(topics: [String]) async throws -> String {
        try await startCluster(topics: topics, ["broker"]).brokers
    }

    /// A cluster of three brokers that takes faults.
    func startFaultyCluster(topics: [String]) async throws -> FaultyCluster {
        let (child, brokers) = try await startCluster(topics: topics, ["broker", "--brokers", "3", "--faults"])
        return FaultyCluster(child: child, brokers: brokers, arena: self)
    }

    private func startCluster(
        topics: [String], _ arguments: [String]
    ) async throws -> (child: Child, brokers: String) {
        let child = try start(
            "broker", arguments + topics.flatMap { ["--topic", $0] }, takesInput: true,
            environment: FaultyCluster.environment)
        let line = try await firstLine(of: child)
        let prefix = "bootstrap.servers="
        guard line.hasPrefix(prefix) else { throw Failure("broker printed \(line)") }
        return (child, String(line.dropFirst(prefix.count)))
    }

    /// - Returns: the service and its URL.
    func startService(
        port: Int = 0, applyDelay: String = "0", options: [String] = []
    ) async throws -> (child: Child, url: String) {
        let service = try start(
            "serve",
            ["serve", "--port", "\(port)", "--database", database.path, "--apply-delay", applyDelay] + options)
        return (service, try await firstLine(of: service))
    }

    var database: URL { folder.appending(path: "datasets.sqlite") }

    /// Starts a worker that ends when the topic is drained, or with `drain` false only when it is told to.
    /// (The embedded cluster knows no static members: one that stops would be waited for.)
    func startWorker(
        _ name: String, _ setup: Setup, _ options: [String] = [], drain: Bool = true, membership: String = "dynamic"
    ) throws -> Child {
        try start(
            name,
            [
                "run", "--membership", membership, "--brokers", setup.brokers, "--topic", setup.topic, "--group",
                setup.group,
            ]
                + ["--endpoint", setup.endpoint, "--on-missing-dataset", "create"]
                + (drain ? ["--until-end"] : []) + Self.session + options)
    }

    /// A dataset's entries, as `linefeed export` writes them.
    func export(_ project: String, _ type: String, from endpoint: String) async throws -> [String] {
        try await run(
            "export \(project)/\(type)",
            ["export", "--endpoint", endpoint, "--project", project, "--dataset-type", type])
    }

    // MARK: - Conditions

    /// Waits until `condition` holds. Ends early when a process ends that should not.
    func until(
        _ what: String, within limit: Duration, _ condition: () async throws -> Bool
    ) async throws {
        let deadline = ContinuousClock.now + limit
        while try await !condition() {
            let children = children.withLock { $0 }
            if let failed = children.first(where: { $0.unexpectedEnd != nil }) {
                throw Failure("\(failed.name) ended while waiting until \(what)\n\(failed.tail)")
            }
            guard .now < deadline else {
                let running = children.filter { $0.end == nil }
                throw Failure("not within \(limit): \(what)\n" + running.map(\.tail).joined(separator: "\n"))
            }
            await bell.next()
        }
    }

    /// Returns when something has happened, or soon.
    func moment() async { await bell.next() }

    /// Returns at the instant: what a schedule waits for. Throws when a process ends that
    /// should not.
    func wait(until instant: ContinuousClock.Instant) async throws {
        try await until("the time has come", within: .seconds(3600)) { .now >= instant }
    }

    /// Waits for a process that must end by itself with status 0.
    func ended(_ child: Child, within limit: Duration) async throws {
        try await until("\(child.name) has ended", within: limit) { child.end != nil }
        guard child.end == .status(0) else { throw Failure("\(child.name) did not end with status 0\n\(child.tail)") }
    }

    private func firstLine(of child: Child) async throws -> String {
        try await until("\(child.name) is ready", within: .seconds(60)) { !child.outputLines.isEmpty }
        return child.outputLines[0]
    }

    /// Where workers find what they need.
    struct Setup {
        var brokers: String
        var endpoint: String
        var topic = "labelling"
        var group = "pool"

        /// How far the group has come in each partition, and where the partition's log begins and ends.
        func progress() async throws -> [Progress] {
            let reader = try ClusterReader(properties: ["bootstrap.servers": brokers], group: group)
            let offsets = try await reader.committedOffsets(of: topic, timeout: .seconds(30))
            let logs = try await reader.watermarks(of: topic, timeout: .seconds(30))
            return try zip(offsets, logs).map { offset, log in
                if let error = offset.error { throw error }
                return Progress(
                    partition: offset.partition, committed: offset.offset ?? log.low, low: log.low, high: log.high)
            }
        }
    }

    struct Progress {
        var partition: Int32
        var committed: Int64
        var low: Int64
        var high: Int64
    }
}

/// Why a test cannot go on.
struct Failure: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }
}
