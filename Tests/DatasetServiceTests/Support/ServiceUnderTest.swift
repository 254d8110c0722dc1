import AsyncHTTPClient
import Foundation
import GRDB
import Logging
import LookoutVision
import NIOCore
import NIOFoundationCompat
import NIOHTTP1
import ServiceLifecycle

@testable import DatasetService

/// A server on an ephemeral port with a database of its own, and the calls that tests make on it over real HTTP.
struct ServiceUnderTest: Sendable {
    let port: Int
    /// 0 where there is no telemetry.
    var telemetryPort = 0
    let store: DatasetStore

    /// Serves for as long as `body` runs, then stops gracefully.
    static func run<Value: Sendable>(
        database: TemporaryDatabase = TemporaryDatabase(), clock: ManualClock = ManualClock(), gate: Gate = Gate(),
        manifests: TemporaryManifests? = nil, quotas: Quotas = Quotas(), bodyLimitBytes: Int = 16 * 1024 * 1024,
        drainLimit: Duration = .seconds(10),
        configure: (inout DatasetServer.Configuration) -> Void = { _ in },
        _ body: (ServiceUnderTest) async throws -> Value
    ) async throws -> Value {
        let (ports, port) = AsyncStream<Int>.makeStream()
        let (telemetryPorts, telemetryPort) = AsyncStream<Int>.makeStream()
        var configuration = DatasetServer.Configuration(
            databasePath: database.path, manifestsPath: manifests?.path, quotas: quotas,
            bodyLimitBytes: bodyLimitBytes, drainLimit: drainLimit)
        configure(&configuration)
        let server = try DatasetServer(
            configuration: configuration,
            logger: Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() }), now: { clock.now },
            gate: { _ in try await gate.pass() }, onServerRunning: { port.yield($0) },
            onTelemetryRunning: { telemetryPort.yield($0) })
        let group = ServiceGroup(
            configuration: .init(
                services: [server], logger: Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() })))
        async let running: Void = group.run()
        var iterator = ports.makeAsyncIterator()
        guard let bound = await iterator.next() else { throw CancellationError() }
        var telemetryBound = 0
        if configuration.telemetry != nil {
            for await port in telemetryPorts {
                telemetryBound = port
                break
            }
        }
        let service = ServiceUnderTest(port: bound, telemetryPort: telemetryBound, store: server.store)
        let result: Result<Value, any Error>
        do {
            result = .success(try await body(service))
        } catch {
            result = .failure(error)
        }
        await group.triggerGracefulShutdown()
        try await running
        return try result.get()
    }

    // MARK: Calls

    /// Asks at the address of telemetry.
    func telemetry(_ path: String, headers: [String: String] = [:]) async throws -> Answer {
        try await call("GET", path, headers: headers, port: telemetryPort)
    }

    func call(
        _ method: String, _ path: String, json: String? = nil, headers: [String: String] = [:], port: Int? = nil
    ) async throws -> Answer {
        var request = HTTPClientRequest(url: "http://127.0.0.1:\(port ?? self.port)\(path)")
        request.method = HTTPMethod(rawValue: method)
        for (name, value) in headers { request.headers.add(name: name, value: value) }
        if let json { request.body = .bytes(ByteBuffer(string: json)) }
        let response = try await HTTPClient.shared.execute(request, timeout: .seconds(60))
        let body = try await response.body.collect(upTo: 64 * 1024 * 1024)
        return Answer(status: Int(response.status.code), headers: response.headers, body: Data(buffer: body))
    }

    func createDataset(_ project: String, type: String = "train") async throws {
        _ = try await call("POST", Operation.createProject.path(), json: #"{"ProjectName":"\#(project)"}"#)
        let path = Operation.createDataset.path(project: project)
        _ = try await call("POST", path, json: #"{"DatasetType":"\#(type)"}"#)
    }

    func update(_ project: String, token: String? = nil, _ lines: String...) async throws -> Answer {
        try await update(project, token: token, payload: Data(lines.joined(separator: "\n").utf8))
    }

    func update(
        _ project: String, token: String? = nil, payload: Data, prefer: String? = nil
    ) async throws -> Answer {
        var headers: [String: String] = [:]
        headers[WireNames.clientToken] = token
        headers[WireNames.prefer] = prefer
        return try await call(
            "PATCH", Operation.updateDatasetEntries.path(project: project, datasetType: "train"),
            json: #"{"Changes":"\#(payload.base64EncodedString())"}"#, headers: headers)
    }

    func describe(_ project: String) async throws -> DatasetDescription {
        let path = Operation.describeDataset.path(project: project, datasetType: "train")
        let answer = try await call("GET", path)
        return try answer.decode(DescribeDatasetResponse.self).datasetDescription.orThrow()
    }

    /// Asks again and again, as a client does, until nothing is going on any more.
    func untilTerminal(_ project: String) async throws -> DatasetDescription {
        while true {
            let description = try await describe(project)
            if DatasetStatus(rawValue: description.status ?? "")?.isTerminal == true { return description }
            try Task.checkCancellation()
        }
    }

    /// Rows of a table.
    func count(_ table: String) async throws -> Int {
        try await store.pool.read { try Int.fetchOne($0, sql: "SELECT count(*) FROM \(table)") ?? 0 }
    }

    func list(_ project: String, _ query: String = "") async throws -> ListDatasetEntriesResponse {
        let path = Operation.listDatasetEntries.path(project: project, datasetType: "train")
        return try await call("GET", path + query).decode(ListDatasetEntriesResponse.self)
    }
}

/// What came back.
struct Answer {
    var status: Int
    var headers: HTTPHeaders
    var body: Data

    func decode<Message: Decodable>(_: Message.Type) throws -> Message {
        try JSONDecoder().decode(Message.self, from: body)
    }

    func header(_ name: String) -> String? { headers.first(name: name) }

    var errorType: String? { header(WireNames.errorType) }
    var fault: APIException.Body? { try? decode(APIException.Body.self) }
    var updateStatus: String? { try? decode(UpdateDatasetEntriesResponse.self).status }
}

extension Optional {
    struct WasNil: Error {}

    func orThrow() throws -> Wrapped {
        guard let self else { throw WasNil() }
        return self
    }
}
