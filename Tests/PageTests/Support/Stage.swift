import AsyncHTTPClient
import Foundation
import Logging
import LookoutVision
import NIOCore
import NIOFoundationCompat
import NIOHTTP1
import ServiceLifecycle
import Telemetry
import Testing

@testable import DatasetService

/// A served dataset API with a database of its own, and the calls that fill it and look at it over real HTTP.
struct Stage: Sendable {
    let url: String
    let store: DatasetStore

    static let quiet = Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() })

    /// Serves for as long as `body` runs.
    static func run<Value: Sendable>(
        access: AccessPolicy = .openOnLoopback, _ body: (Stage) async throws -> Value
    ) async throws -> Value {
        let folder = FileManager.default.temporaryDirectory.appending(path: "linefeed-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let (ports, port) = AsyncStream<Int>.makeStream()
        var configuration = DatasetServer.Configuration(databasePath: folder.appending(path: "datasets.sqlite").path)
        configuration.access = access
        let server = try DatasetServer(
            configuration: configuration, logger: quiet, onServerRunning: { port.yield($0) })
        return try await serving(server, ports) { port in
            try await body(Stage(url: "http://127.0.0.1:\(port)", store: server.store))
        }
    }

    /// Runs a service that reports its port, for as long as `body` runs.
    static func serving<Value: Sendable>(
        _ service: any Service, _ ports: AsyncStream<Int>, _ body: (Int) async throws -> Value
    ) async throws -> Value {
        let group = ServiceGroup(configuration: .init(services: [service], logger: quiet))
        async let running: Void = group.run()
        var iterator = ports.makeAsyncIterator()
        let port = try #require(await iterator.next())
        let result: Result<Value, any Error>
        do { result = .success(try await body(port)) } catch { result = .failure(error) }
        await group.triggerGracefulShutdown()
        try await running
        return try result.get()
    }

    // MARK: Looking

    func get(
        _ path: String, host: String? = nil, authorization: String? = nil
    ) async throws -> (status: Int, headers: HTTPHeaders, text: String) {
        var request = HTTPClientRequest(url: url + path)
        if let authorization { request.headers.add(name: "Authorization", value: authorization) }
        if let host { request.headers.add(name: "Host", value: host) }
        let response = try await HTTPClient.shared.execute(request, timeout: .seconds(30))
        let body = try await response.body.collect(upTo: 16 << 20)
        return (Int(response.status.code), response.headers, String(buffer: body))
    }

    // MARK: Filling

    func create(_ project: String, _ types: String...) async throws {
        try await call("POST", Operation.createProject.path(), ["ProjectName": project])
        for type in types {
            try await call("POST", Operation.createDataset.path(project: project), ["DatasetType": type])
        }
    }

    /// Sends lines and waits until the update is over.
    func update(_ project: String, _ type: DatasetType, _ lines: [String]) async throws {
        let changes = Data(lines.joined(separator: "\n").utf8).base64EncodedString()
        let path = Operation.updateDatasetEntries.path(project: project, datasetType: type.rawValue)
        try await call("PATCH", path, ["Changes": changes])
        let name = DatasetName(project: project, type: type)
        while try await !store.describeDataset(name).status.isTerminal { try Task.checkCancellation() }
    }

    private func call(_ method: String, _ path: String, _ body: [String: String]) async throws {
        var request = HTTPClientRequest(url: url + path)
        request.method = HTTPMethod(rawValue: method)
        request.body = .bytes(ByteBuffer(data: try JSONEncoder().encode(body)))
        let response = try await HTTPClient.shared.execute(request, timeout: .seconds(30))
        try #require((200..<300).contains(Int(response.status.code)), "\(method) \(path): \(response.status)")
    }
}
