import Foundation
import GRDB
import Telemetry
import Testing

@testable import DatasetService

@Suite("The service's telemetry, where it has an address of its own")
struct TelemetryTests {
    private struct Status: Decodable {
        struct Readiness: Decodable { var obstacles: [String] }
        struct Access: Decodable, Equatable { var keys: Bool, tls: Bool }
        struct Update: Decodable { var dataset: String, seconds: Double }
        struct Updates: Decodable {
            var inProgress: Int
            var oldestInProgress: Update?
            var lastApplied: Update?
            var lastFailed: Update?
            var remembered: [String: Int]
        }
        struct Database: Decodable { var bytes: Int, walBytes: Int }

        var readiness: Readiness
        var access: Access
        var projects: Int?
        var datasets: [String: Int]?
        var entries: [String: Int]?
        var updates: Updates?
        var database: Database?
    }

    private static func run(
        clock: ManualClock = ManualClock(), gate: Gate = Gate(), host: String = "127.0.0.1",
        _ body: (ServiceUnderTest) async throws -> Void
    ) async throws {
        try await ServiceUnderTest.run(
            clock: clock, gate: gate, configure: { $0.telemetry = .init(host: host, port: 0) }, body)
    }

    @Test("Metrics are there, and there alone")
    func metrics() async throws {
        try await Self.run { service in
            try await service.createDataset("boards")
            let metrics = try await service.telemetry("/metrics")
            #expect(metrics.status == 200)
            let text = String(decoding: metrics.body, as: UTF8.self)
            #expect(text.contains("\nlinefeed_projects 1\n"))
            #expect(text.contains(#"linefeed_requests_total{operation="CreateProject",status="200"} 1"#))
            #expect(try await service.call("GET", "/metrics").status == 404)
            // The page of datasets is the API's, and probes are wherever somebody listens.
            #expect(try await service.telemetry("/").status == 404)
            for path in ["/healthz", "/readyz"] {
                #expect(try await service.telemetry(path).status == 200)
                #expect(try await service.call("GET", path).status == 200)
            }
        }
    }

    @Test("On loopback it answers to names of this machine only")
    func names() async throws {
        try await Self.run { service in
            for path in ["/metrics", "/status"] {
                let answer = try await service.telemetry(path, headers: ["Host": "evil.example"])
                #expect(answer.status == 421)
            }
        }
        try await Self.run(host: "0.0.0.0") { service in
            let answer = try await service.telemetry("/metrics", headers: ["Host": "linefeed-serve"])
            #expect(answer.status == 200)
        }
    }

    @Test("The status counts what there is and names what is waited for, but shows no entry and no token")
    func status() async throws {
        let (clock, gate) = (ManualClock(), Gate(isOpen: false))
        try await Self.run(clock: clock, gate: gate) { service in
            try await service.createDataset("boards")
            try await service.createDataset("cans", type: "train")
            _ = try await service.update("boards", token: "secret-token", line("secret-key.jpg", "normal"))
            clock.advance(seconds: 7)
            _ = try await service.update("cans", token: "other-token", "no JSON")
            clock.advance(seconds: 5)
            let before = try await service.telemetry("/status").decode(Status.self)
            #expect(before.readiness.obstacles.isEmpty && before.access == .init(keys: false, tls: false))
            #expect(before.updates?.inProgress == 2 && before.updates?.oldestInProgress?.dataset == "boards/train")
            #expect(before.updates?.oldestInProgress?.seconds == 12)
            #expect(before.updates?.lastApplied == nil && before.updates?.lastFailed == nil)

            gate.open()
            _ = try await service.untilTerminal("boards")
            _ = try await service.untilTerminal("cans")
            clock.advance(seconds: 3)
            let answer = try await service.telemetry("/status")
            let after = try answer.decode(Status.self)
            #expect(after.projects == 2 && after.entries == ["normal": 1, "anomaly": 0, "unlabelled": 0])
            #expect(after.datasets == ["UPDATE_COMPLETE": 1, "UPDATE_FAILED_ROLLBACK_COMPLETE": 1])
            let updates = try #require(after.updates)
            #expect(updates.inProgress == 0 && updates.oldestInProgress == nil)
            #expect(updates.lastApplied?.dataset == "boards/train" && updates.lastApplied?.seconds == 3)
            #expect(updates.lastFailed?.dataset == "cans/train" && updates.lastFailed?.seconds == 3)
            #expect(updates.remembered == ["UPDATE_COMPLETE": 1, "UPDATE_FAILED_ROLLBACK_COMPLETE": 1])
            let database = try #require(after.database)
            #expect(database.bytes > 10_000 && database.walBytes > 0)
            #expect(!String(decoding: answer.body, as: UTF8.self).contains("secret"))
        }
    }

    @Test("A database that cannot be read is said, and metrics go on to be there")
    func unreadable() async throws {
        try await Self.run { service in
            try await service.createDataset("boards")
            try await service.store.pool.write { try $0.execute(sql: "ALTER TABLE project RENAME TO gone") }
            let ready = try await service.telemetry("/readyz")
            #expect(ready.status == 503)
            #expect(String(decoding: ready.body, as: UTF8.self) == "The database cannot be read.\n")
            let status = try await service.telemetry("/status").decode(Status.self)
            #expect(status.readiness.obstacles == ["The database cannot be read."] && status.updates == nil)
            let metrics = String(decoding: try await service.telemetry("/metrics").body, as: UTF8.self)
            #expect(metrics.contains("\nlinefeed_metrics_collection_failures_total 1\n"))
        }
    }
}
