import CoreMetrics
import Foundation
import Logging
import Testing

@testable import Telemetry

/// What Prometheus itself says of the exposition.
struct PromtoolTests {
    static let path = "/usr/bin/promtool"
    static let isInstalled = FileManager.default.isExecutableFile(atPath: path)

    /// The exit status of `promtool check metrics` and what it printed: 0 for a text that parses and follows the
    /// conventions, 3 for one that only parses.
    static func check(_ exposition: String) throws -> (status: Int32, output: String) {
        let file = FileManager.default.temporaryDirectory.appending(path: "linefeed-\(UUID().uuidString).txt")
        try Data(exposition.utf8).write(to: file)
        defer { try? FileManager.default.removeItem(at: file) }
        let process = Process()
        process.executableURL = URL(fileURLWithPath: path)
        process.arguments = ["check", "metrics"]
        process.standardInput = try FileHandle(forReadingFrom: file)
        let output = Pipe()
        process.standardOutput = output
        process.standardError = output
        try process.run()
        let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        return (process.terminationStatus, text)
    }

    @Test(
        "promtool check metrics takes every kind of metric",
        .enabled(if: isInstalled, "needs promtool of Debian's package prometheus: deploy/install --tests"))
    func promtool() async throws {
        let metrics = PrometheusMetrics(
            catalog: MetricCatalog([
                .init("lines_total", "Lines with a \\ and a\nline break."), .init("open_things", "Things."),
                .init("batch_bytes", "Bytes.", buckets: [0.5, 10, 1e21]), .init("call_seconds", "Seconds."),
                .init("linefeed_metrics_series_refused_total", "Refused."),
                .init("linefeed_metrics_collection_failures_total", "Failed."),
            ]), logger: Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() }))
        for value in ["plain", "a\"b\\c\nd\r\n", "", "é 👩‍🔧 \u{202E}"] {
            Counter(label: "lines", dimensions: [("kind", value)], factory: metrics).increment(by: 1 << 60)
            Recorder(label: "batch_bytes", dimensions: [("kind", value)], factory: metrics).record(1e-9)
        }
        Meter(label: "open_things", factory: metrics).set(-Double.infinity)
        CoreMetrics.Timer(label: "call", factory: metrics).recordNanoseconds(5)
        let (status, output) = try Self.check(await metrics.exposition())
        #expect(status == 0 && output.isEmpty, "\(output)")
        // It does find fault where there is one.
        #expect(try Self.check("a_total{x=\"1} 2\n").status != 0)
    }

    @Test(
        "promtool check metrics takes what every process exposes",
        .enabled(if: isInstalled, "needs promtool of Debian's package prometheus: deploy/install --tests"))
    func process() async throws {
        let metrics = PrometheusMetrics(logger: Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() }))
        metrics.addCollector { ProcessMetrics.collect() }
        let (status, output) = try Self.check(await metrics.exposition())
        #expect(status == 0 && output.isEmpty, "\(output)")
    }
}
