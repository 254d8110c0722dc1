import DatasetClient
import Foundation
import Logging
import LookoutVision
import ServiceLifecycle
import Worker

@testable import DatasetService

/// The dataset API served over HTTP in this process, and a client for it.
struct Service: Sendable {
    let store: DatasetStore
    let client: DatasetClient

    /// Serves while `body` runs. The gate is passed before each accepted update is applied.
    static func run(
        projects: [String] = [], gate: @escaping @Sendable () async throws -> Void = {},
        _ body: (Service) async throws -> Void
    ) async throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("linefeed-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let (ports, port) = AsyncStream<Int>.makeStream()
        let quiet = Logger(label: "service") { _ in SwiftLogNoOpLogHandler() }
        let server = try DatasetServer(
            configuration: .init(databasePath: folder.appendingPathComponent("datasets.sqlite").path),
            logger: quiet, now: Timestamp.now, gate: { _ in try await gate() }, onServerRunning: { port.yield($0) })
        let group = ServiceGroup(services: [server], logger: quiet)
        async let running: Void = group.run()
        var iterator = ports.makeAsyncIterator()
        guard let bound = await iterator.next() else { throw CancellationError() }
        let client = try makeClient(port: bound)
        let outcome: Result<Void, any Error>
        do {
            for project in projects { try await create(project, client) }
            outcome = .success(try await body(Service(store: server.store, client: client)))
        } catch {
            outcome = .failure(error)
        }
        await client.shutdown()
        await group.triggerGracefulShutdown()
        try await running
        try outcome.get()
    }

    static func makeClient(port: Int) throws -> DatasetClient {
        var configuration = DatasetClient.Configuration()
        configuration.rateLimit = .unlimited
        return DatasetClient(
            endpoint: try Endpoint("http://127.0.0.1:\(port)"), region: "us-east-1", credentials: .anonymous,
            configuration: configuration)
    }

    static func create(_ project: String, _ client: DatasetClient) async throws {
        _ = try await client.createProject(project)
        _ = try await client.createDataset(project: project, type: .train)
    }

    func entries(_ project: String, _ type: DatasetType = .train) async throws -> [String] {
        try await store.entries(of: DatasetName(project: project, type: type))
    }

    /// Lines of all applied updates, and whether a token was applied twice.
    func history() async throws -> (updates: Int, lines: Int, isAnyTwice: Bool) {
        let history = try await store.history()
        return (
            history.count, history.reduce(0) { $0 + $1.lines }, Set(history.map(\.token)).count != history.count
        )
    }
}

/// Runs a worker until the body is done, then stops it as SIGTERM does; answers how long the stop took.
@discardableResult
func running(_ worker: Worker, _ body: () async throws -> Void) async throws -> Duration {
    let group = ServiceGroup(
        configuration: .init(
            services: [.init(service: worker, successTerminationBehavior: .gracefullyShutdownGroup)],
            logger: Logger(label: "group") { _ in SwiftLogNoOpLogHandler() }))
    async let running: Void = group.run()
    let outcome: Result<Void, any Error>
    do { outcome = .success(try await body()) } catch { outcome = .failure(error) }
    let start = ContinuousClock.now
    await group.triggerGracefulShutdown()
    try await running
    let duration = ContinuousClock.now - start
    try outcome.get()
    return duration
}

/// Holds back whoever passes until it is opened, and tells that somebody came.
struct Gate: Sendable {
    private let opened: AsyncStream<Never>
    private let opening: AsyncStream<Never>.Continuation
    private let arrived: AsyncStream<Void>
    private let arriving: AsyncStream<Void>.Continuation

    init() {
        (opened, opening) = AsyncStream.makeStream()
        (arrived, arriving) = AsyncStream.makeStream()
    }

    func open() { opening.finish() }

    func pass() async throws {
        arriving.yield()
        for await _ in opened {}
        try Task.checkCancellation()
    }

    /// Returns once somebody has come; one call for each.
    func arrival() async {
        for await _ in arrived { return }
    }
}
