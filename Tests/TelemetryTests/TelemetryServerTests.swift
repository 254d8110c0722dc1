import AsyncHTTPClient
import Foundation
import Logging
import NIOCore
import NIOHTTP1
import ServiceLifecycle
import Synchronization
import Testing

@testable import Telemetry

/// What a process says of itself, over real HTTP.
struct TelemetryServerTests {
    private struct Status: Encodable {
        var partitions = [["topic": "labelling"]]
        var rate = Double.infinity
    }

    private struct Unspeakable: Encodable {
        struct Problem: Error {}
        func encode(to encoder: any Encoder) throws { throw Problem() }
    }

    private static let quiet = Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() })

    private func serving<Value: Encodable & Sendable>(
        host: String = "127.0.0.1", reasons: @escaping @Sendable () -> [String] = { [] }, status: Value,
        _ body: (String) async throws -> Void
    ) async throws {
        let (ports, port) = AsyncStream<Int>.makeStream()
        let server = TelemetryServer(
            address: .init(host: host, port: 0), page: .worker, metrics: PrometheusMetrics(logger: Self.quiet),
            readiness: { reasons() }, status: { status }, logger: Self.quiet, onServerRunning: { port.yield($0) })
        let group = ServiceGroup(configuration: .init(services: [server], logger: Self.quiet))
        async let running: Void = group.run()
        var iterator = ports.makeAsyncIterator()
        let bound = try #require(await iterator.next())
        let result: Result<Void, any Error>
        do { result = .success(try await body("http://127.0.0.1:\(bound)")) } catch { result = .failure(error) }
        await group.triggerGracefulShutdown()
        try await running
        try result.get()
    }

    private func get(_ url: String, host: String? = nil) async throws -> (
        status: Int, headers: HTTPHeaders, text: String
    ) {
        var request = HTTPClientRequest(url: url)
        if let host { request.headers.add(name: "Host", value: host) }
        let response = try await HTTPClient.shared.execute(request, timeout: .seconds(30))
        let body = try await response.body.collect(upTo: 1 << 20)
        return (Int(response.status.code), response.headers, String(buffer: body))
    }

    @Test func metricsAreServedAsPrometheusReadsThem() async throws {
        try await serving(status: Status()) { url in
            let answer = try await get("\(url)/metrics")
            #expect(answer.headers.first(name: "content-type") == "text/plain; version=0.0.4; charset=utf-8")
            #expect(answer.text.contains("\nlinefeed_metrics_series_refused_total 0\n"))
        }
    }

    @Test func readinessIsAskedAnewAndSaysWhy() async throws {
        let reasons = Mutex<[String]>([])
        let current = { @Sendable in reasons.withLock { $0 } }
        try await serving(reasons: current, status: Status()) { url in
            #expect(try await get("\(url)/healthz").text == "ok\n")
            #expect(try await get("\(url)/readyz").status == 200)
            reasons.withLock { $0 = ["No partition is assigned.", "The broker cannot be reached."] }
            let answer = try await get("\(url)/readyz")
            #expect(answer.status == 503)
            #expect(answer.text == "No partition is assigned.\nThe broker cannot be reached.\n")
            #expect(try await get("\(url)/healthz").status == 200)
        }
    }

    @Test func theStatusIsJSONWhateverItsNumbersAre() async throws {
        try await serving(status: Status()) { url in
            let answer = try await get("\(url)/status")
            #expect(answer.headers.first(name: "content-type") == "application/json")
            #expect(answer.text == #"{"partitions":[{"topic":"labelling"}],"rate":"+Inf"}"#)
        }
        try await serving(status: Unspeakable()) { url in
            let answer = try await get("\(url)/status")
            #expect(answer.status == 500)
        }
    }

    @Test func onLoopbackOnlyThisMachinesNamesAreAnswered() async throws {
        try await serving(status: Status()) { url in
            for path in ["/", "/status", "/metrics"] {
                for (host, status) in [
                    ("127.0.0.1:1", 200), ("localhost", 200), ("linefeed.localhost:8", 200), ("[::1]:8", 200),
                    ("evil.example", 421), ("127.0.0.1.evil.example", 421), ("localhost.evil.example:80", 421),
                    ("[::2]", 421), ("0.0.0.0", 421), ("2130706433", 421), ("", 421),
                ] {
                    let answer = try await get(url + path, host: host)
                    #expect(answer.status == status, "\(path) as \(host)")
                }
            }
            #expect(try await get("\(url)/readyz", host: "10.0.0.7:8080").status == 200)
        }
    }

    @Test func elsewhereEveryNameIsAnswered() async throws {
        try await serving(host: "0.0.0.0", status: Status()) { url in
            let answer = try await get("\(url)/metrics", host: "worker-0.workers")
            #expect(answer.status == 200)
        }
    }

    @Test func anAddressThatIsTakenIsNamed() async throws {
        try await serving(status: Status()) { url in
            let port = try #require(url.split(separator: ":").last.flatMap { Int($0) })
            let second = TelemetryServer(
                address: .init(port: port), metrics: PrometheusMetrics(logger: Self.quiet), readiness: { [] },
                status: { Status() }, logger: Self.quiet)
            let error = await #expect(throws: TelemetryFailure.self) { try await second.run() }
            #expect(error?.description.hasPrefix("telemetry on 127.0.0.1:\(port) has failed: ") == true)
        }
    }

    @Test func thePageBringsAllItNeeds() async throws {
        try await serving(status: Status()) { url in
            let page = try await get("\(url)/")
            #expect(page.headers.first(name: "Content-Security-Policy")?.hasPrefix("default-src 'none'") == true)
            let assets = page.text.matches(of: /(?:href|src)="(\/assets\/[^"]+)"/).map { String($0.output.1) }
            #expect(Set(assets).count == 3)
            for asset in assets {
                let answer = try await get(url + asset)
                #expect(answer.status == 200 && !answer.text.isEmpty)
                #expect(answer.headers.first(name: "Cache-Control")?.contains("immutable") == true)
                #expect(answer.headers.first(name: "X-Content-Type-Options") == "nosniff")
            }
            // Nothing on another host, and nothing inline.
            #expect(!page.text.contains("http") && !page.text.contains("style=") && !page.text.contains("<script>"))
        }
    }
}
