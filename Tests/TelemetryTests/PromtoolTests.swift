import CoreMetrics
import Exposition
import Logging
import Testing

@testable import Telemetry

/// What Prometheus itself says of the exposition.
struct PromtoolTests {
    @Test(
        "promtool check metrics takes every kind of metric",
        .enabled(if: Promtool.isInstalled, Comment(rawValue: Promtool.need)))
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
        let (status, output) = try Promtool.check(await metrics.exposition())
        #expect(status == 0 && output.isEmpty, "\(output)")
        // It does find fault where there is one.
        #expect(try Promtool.check("a_total{x=\"1} 2\n").status != 0)
    }

    @Test(
        "promtool check metrics takes what every process exposes",
        .enabled(if: Promtool.isInstalled, Comment(rawValue: Promtool.need)))
    func process() async throws {
        let metrics = PrometheusMetrics(logger: Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() }))
        metrics.addCollector { ProcessMetrics.collect() }
        let (status, output) = try Promtool.check(await metrics.exposition())
        #expect(status == 0 && output.isEmpty, "\(output)")
    }

    @Test("What an exposition leaves out is noticed")
    func shortcomings() {
        let exposition = Exposition(
            """
            # HELP calls Calls.
            # TYPE calls counter
            calls{x="a b"} 1
            # TYPE open gauge
            open 2
            # HELP oldest Age of the oldest.
            # TYPE oldest gauge
            oldest 3
            # HELP call_seconds Time of a call.
            # TYPE call_seconds histogram
            call_seconds_bucket{le="+Inf"} 1
            call_seconds_count 1
            call_seconds_sum 1
            stray 1

            """)
        #expect(exposition.families.map(\.name) == ["calls", "open", "oldest", "call_seconds", "stray"])
        #expect(
            exposition.shortcomings == [
                "calls is a counter", "open is not explained", "oldest is measured in seconds and does not say so",
                "stray is not explained", "stray has no type",
            ])
    }
}
