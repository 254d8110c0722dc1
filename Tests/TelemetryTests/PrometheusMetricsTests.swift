import CoreMetrics
import Foundation
import Logging
import Testing

@testable import Telemetry

struct PrometheusMetricsTests {
    private let metrics = Self.metrics()

    private static func metrics(
        seriesLimit: Int = 100, _ entries: [MetricCatalog.Entry] = []
    ) -> PrometheusMetrics {
        PrometheusMetrics(
            catalog: MetricCatalog(entries), seriesLimit: seriesLimit,
            logger: Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() }))
    }

    /// The lines of one metric, without those of our own.
    private func lines(_ name: String, of metrics: PrometheusMetrics? = nil) async -> [String] {
        await (metrics ?? self.metrics).exposition().split(separator: "\n").map(String.init)
            .filter { $0.contains(name) }
    }

    @Test func aCounterCountsWhatItIsGiven() async {
        let counter = Counter(label: "lines", dimensions: [("b", "2"), ("a", "1")], factory: metrics)
        counter.increment(by: 3)
        // The same labels in another order are the same series.
        Counter(label: "lines_total", dimensions: [("a", "1"), ("b", "2")], factory: metrics).increment()
        counter.increment(by: -7)
        #expect(await lines("lines") == ["# TYPE lines_total counter", #"lines_total{a="1",b="2"} 4"#])
        counter.reset()
        #expect(await lines("lines_total{") == [#"lines_total{a="1",b="2"} 0"#])
    }

    @Test func aCounterOfFractionsLosesNone() async {
        let counter = FloatingPointCounter(label: "seconds", factory: metrics)
        for _ in 0..<4 { counter.increment(by: 0.25) }
        counter.increment(by: Double.infinity)
        counter.increment(by: 0.5)
        #expect(await lines("seconds_total ").last == "seconds_total 1.5")
    }

    @Test func aGaugeIsWhatItWasSetTo() async {
        let meter = Meter(label: "open", factory: metrics)
        meter.set(5)
        meter.increment(by: 2)
        meter.decrement()
        Gauge(label: "lag", factory: metrics).record(-2.5)
        Gauge(label: "none", factory: metrics).record(Double.nan)
        Gauge(label: "low", factory: metrics).record(-Double.infinity)
        #expect(await lines("open") == ["# TYPE open gauge", "open 6"])
        #expect(await lines("lag") == ["# TYPE lag gauge", "lag -2.5"])
        #expect(await lines("none").last == "none NaN")
        #expect(await lines("low").last == "low -Inf")
    }

    @Test func aHistogramCountsEveryValueBelowItsBounds() async {
        let metrics = Self.metrics([.init("batch", "Lines\nof a \\batch.", buckets: [1, 2.5])])
        let recorder = Recorder(label: "batch", dimensions: [("kind", "x")], factory: metrics)
        for value in [0.5, 1, 2, 3, .nan] { recorder.record(value) }
        #expect(
            await lines("batch", of: metrics) == [
                #"# HELP batch Lines\nof a \\batch."#, "# TYPE batch histogram",
                #"batch_bucket{kind="x",le="1"} 2"#, #"batch_bucket{kind="x",le="2.5"} 3"#,
                #"batch_bucket{kind="x",le="+Inf"} 4"#, #"batch_sum{kind="x"} 6.5"#, #"batch_count{kind="x"} 4"#,
            ])
    }

    @Test func aTimerTellsSeconds() async {
        CoreMetrics.Timer(label: "call", factory: metrics).recordNanoseconds(1_500_000_000)
        let lines = await lines("call_seconds")
        #expect(lines.contains("call_seconds_sum 1.5"))
        #expect(lines.contains(#"call_seconds_bucket{le="1"} 0"#))
        #expect(lines.contains(#"call_seconds_bucket{le="2.5"} 1"#))
    }

    @Test func namesAndValuesFromAnywhereAreMadeFit() async {
        let odd = "a\"b\\c\nd\r\né"
        Counter(
            label: "1.odd-name", dimensions: [("le", odd), ("__x", ""), ("a b", "1"), ("a b", "2")], factory: metrics
        ).increment()
        #expect(
            await lines("odd") == [
                "# TYPE _1_odd_name_total counter",
                #"_1_odd_name_total{a_b="2",label__x="",label_le="a\"b\\c\nd"# + "\r" + #"\né"} 1"#,
            ])
    }

    @Test func whatIsTooMuchIsCountedAndHarmsNobody() async {
        let metrics = Self.metrics(seriesLimit: 3)
        for number in 0..<10 {
            Counter(label: "many", dimensions: [("n", "\(number)")], factory: metrics).increment()
        }
        #expect(await lines("many_total{", of: metrics).count == 3)
        #expect(await lines("refused_total ", of: metrics).last == "linefeed_metrics_series_refused_total 7")
        // One that is known already goes on.
        Counter(label: "many", dimensions: [("n", "0")], factory: metrics).increment()
        #expect(await lines(#"many_total{n="0"} 2"#, of: metrics).count == 1)
    }

    @Test func aNameIsOfOneKind() async {
        Gauge(label: "size", factory: metrics).record(1)
        Recorder(label: "size", factory: metrics).record(100)
        #expect(await lines("size") == ["# TYPE size gauge", "size 1"])
        #expect(await lines("refused_total ").last == "linefeed_metrics_series_refused_total 1")
    }

    @Test func whatIsDestroyedIsGoneAndMayComeBack() async {
        let first = Meter(label: "lag", dimensions: [("partition", "1")], factory: metrics)
        first.set(7)
        first.destroy()
        #expect(await lines("lag") == [])
        let second = Meter(label: "lag", dimensions: [("partition", "1")], factory: metrics)
        second.set(8)
        // The old handle's second end is not the new one's.
        first.destroy()
        #expect(await lines("lag{") == [#"lag{partition="1"} 8"#])
        // Nor is that of one holder another's, as when a partition's successor is made before its predecessor goes.
        let third = Meter(label: "lag", dimensions: [("partition", "1")], factory: metrics)
        second.destroy()
        #expect(await lines("lag{") == [#"lag{partition="1"} 8"#])
        third.destroy()
        #expect(await lines("lag") == [])
    }

    @Test func collectorsAreAskedAndMayFail() async {
        struct Broken: Error {}
        metrics.addCollector { [MetricFamily(.gauge, "rows", by: "table", [("a", 1), ("b", 2)])] }
        metrics.addCollector { throw Broken() }
        #expect(await lines("rows") == ["# TYPE rows gauge", #"rows{table="a"} 1"#, #"rows{table="b"} 2"#])
        #expect(await lines("failures_total ").last == "linefeed_metrics_collection_failures_total 2")
    }

    @Test func nothingIsLostAmongThreads() async {
        let counter = Counter(label: "hits", factory: metrics)
        let meter = Meter(label: "level", factory: metrics)
        let timer = CoreMetrics.Timer(label: "time", factory: metrics)
        await withTaskGroup { group in
            for _ in 0..<8 {
                group.addTask {
                    for _ in 0..<10_000 {
                        counter.increment()
                        meter.increment()
                        timer.recordNanoseconds(1_000_000_000)
                    }
                }
            }
        }
        #expect(await lines("hits_total ").last == "hits_total 80000")
        #expect(await lines("level ").last == "level 80000")
        #expect(await lines("time_seconds_sum").last == "time_seconds_sum 80000")
        #expect(await lines("time_seconds_count").last == "time_seconds_count 80000")
    }

    @Test func theProcessIsSeen() async throws {
        metrics.addCollector { ProcessMetrics.collect() }
        let values = Dictionary(
            await lines("process_").filter { !$0.hasPrefix("#") }.map { line in
                let parts = line.split(separator: " ")
                return (String(parts[0]), Double(parts[1]) ?? .nan)
            }
        ) { $1 }
        #if os(Linux)
            #expect(values.count == 6)
            #expect(try #require(values["process_cpu_seconds_total"]) > 0)
            #expect(try #require(values["process_resident_memory_bytes"]) > 1_000_000)
            #expect(try #require(values["process_open_fds"]) >= 3)
            let started = try #require(values["process_start_time_seconds"])
            // Of this day: a test process is not older, and not from the future but for a rounded tick.
            #expect((Date().timeIntervalSince1970 - 86_400...Date().timeIntervalSince1970 + 1).contains(started))
        #endif
    }

    @Test func aProgramsNameMayLookLikeTheFieldsAfterIt() throws {
        let fields = (3...30).map { "\($0)" }.joined(separator: " ")
        let status = try #require(ProcessStatus("7 (a) R 1 (b) \(fields)\n"))
        #expect(status.cpuTicks == 14 + 15)
        #expect(status.startTicks == 22)
        #expect(status.virtualBytes == 23)
        #expect(status.residentPages == 24)
        #expect(ProcessStatus("") == nil)
        #expect(ProcessStatus("7 (a) R 1") == nil)
    }
}
