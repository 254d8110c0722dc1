import DatasetService
import Foundation
import Logging
import ServiceLifecycle

/// The real server in this process, so that whatever brings it down brings down the test.
struct ServerUnderFuzz: Sendable {
    static let key = (id: "FUZZ", secret: "fuzz-secret-0123456789")

    let port: Int

    /// Serves while the body runs; with one key, or open.
    static func run(isOpen: Bool, _ body: (ServerUnderFuzz) async throws -> Void) async throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "linefeed-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        var configuration = DatasetServer.Configuration(
            databasePath: folder.appending(path: "datasets.sqlite").path)
        if !isOpen {
            let keys = folder.appending(path: "keys.yaml")
            try Data("keys: [{id: \(key.id), secret: \(key.secret), projects: {'*': admin}}]".utf8).write(to: keys)
            try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: keys.path)
            configuration.access = .keys(path: keys.path)
        }
        let quiet = Logger(label: "fuzz", factory: { _ in SwiftLogNoOpLogHandler() })
        let (ports, port) = AsyncStream<Int>.makeStream()
        let server = try DatasetServer(
            configuration: configuration, logger: quiet, onServerRunning: { port.yield($0) })
        let group = ServiceGroup(services: [server], logger: quiet)
        async let running: Void = group.run()
        guard let bound = await ports.first(where: { _ in true }) else { throw CancellationError() }
        let outcome: Result<Void, any Error>
        do { outcome = .success(try await body(ServerUnderFuzz(port: bound))) } catch { outcome = .failure(error) }
        await group.triggerGracefulShutdown()
        try await running
        try outcome.get()
    }
}
