import CoreMetrics
import Foundation
import LookoutVision
import Telemetry
import Testing

@testable import DatasetService

/// The pages as people see them, in headless Chromium: see `page_check.py`.
///
/// `LINEFEED_SCREENSHOTS` names a folder for pictures of every page; without it they go when the test ends.
struct BrowserTests {
    private static let package = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent()
    private static let python = package.appending(path: ".build/venv/bin/python")
    private static let isInstalled =
        [python.path, "/usr/bin/chromium", "/usr/bin/chromedriver"]
        .allSatisfy { FileManager.default.isExecutableFile(atPath: $0) }

    @Test(
        "Every page in a browser: light and dark, wide and narrow, by keyboard, without a foreign request",
        .enabled(if: isInstalled, "needs Chromium, its driver and selenium: deploy/install --tests"),
        .timeLimit(.minutes(5)))
    func browser() async throws {
        let given = ProcessInfo.processInfo.environment["LINEFEED_SCREENSHOTS"].map { URL(fileURLWithPath: $0) }
        let folder = given ?? FileManager.default.temporaryDirectory.appending(path: "linefeed-\(UUID().uuidString)")
        defer { if given == nil { try? FileManager.default.removeItem(at: folder) } }
        try await Stage.run { stage in
            try await fill(stage)
            try await withWorkerPage { worker in
                let (status, lines) = try await run([stage.url, worker, folder.path])
                let failures = lines.filter { !$0.hasPrefix("ok ") }
                #expect(status == 0 && failures == ["all checks hold"], "\(failures.joined(separator: "\n"))")
            }
        }
    }

    private func fill(_ stage: Stage) async throws {
        try await stage.create("boards", "train", "test")
        try await stage.create("a-project-with-quite-a-long-name-for-a-narrow-screen_2026", "test")
        try await stage.create("hostile", "train")
        try await stage.create("nothing-yet")
        for number in 1...4 { try await stage.create("line-\(number)", "train") }
        try await stage.update(
            "boards", .train,
            (1...130).map { number in
                Samples.line(
                    "line-2/2026-11-\(10 + number % 20)/board-\(number).jpg",
                    ["normal", "normal", "anomaly", nil][number % 4])
            })
        try await stage.update(
            "boards", .train, [Samples.line("x.jpg"), #"{"source-ref":"s3://elsewhere/x.jpg"}"#, "not JSON"])
        // The real export where it is at hand, else as many of the same names.
        let real = Samples.manifest("test.manifest")
        try await stage.update(
            "boards", .test,
            real ?? (1...32).map { Samples.line("anomaly-\($0).jpg", "anomaly") }
                + (1...31).map { Samples.line("normal-\($0).jpg", "normal") })
        try await stage.update("hostile", .train, Samples.hostileLines())
    }

    private func run(_ arguments: [String]) async throws -> (status: Int32, lines: [String]) {
        let process = Process()
        process.executableURL = Self.python
        process.arguments = [Self.package.appending(path: "Tests/PageTests/page_check.py").path] + arguments
        // Into a file: a thread that waits for a pipe would be one of the few that the servers answer on.
        let file = FileManager.default.temporaryDirectory.appending(path: "linefeed-\(UUID().uuidString).txt")
        try Data().write(to: file)
        defer { try? FileManager.default.removeItem(at: file) }
        let output = try FileHandle(forWritingTo: file)
        process.standardOutput = output
        process.standardError = output
        try await withCheckedThrowingContinuation { (ended: CheckedContinuation<Void, any Error>) in
            process.terminationHandler = { _ in ended.resume() }
            do { try process.run() } catch { ended.resume(throwing: error) }
        }
        let lines = try String(contentsOf: file, encoding: .utf8).split(separator: "\n").map(String.init)
        return (process.terminationStatus, lines)
    }

    // MARK: The worker's page

    private func withWorkerPage(_ body: (String) async throws -> Void) async throws {
        let (ports, port) = AsyncStream<Int>.makeStream()
        let started = Date().timeIntervalSince1970
        let server = TelemetryServer(
            address: .init(port: 0), page: .worker, metrics: PrometheusMetrics(logger: Stage.quiet),
            readiness: { [WorkerSample.obstacle] },
            status: { WorkerSample(secondsUp: Date().timeIntervalSince1970 - started) }, logger: Stage.quiet,
            onServerRunning: { port.yield($0) })
        try await Stage.serving(server, ports) { try await body("http://127.0.0.1:\($0)") }
    }
}
