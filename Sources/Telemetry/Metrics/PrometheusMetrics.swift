package import CoreMetrics
package import Logging
internal import Synchronization

/// The process's metrics, for swift-metrics to write and for Prometheus to read.
///
/// A handle is looked up once, when it is made; from then on a counter or gauge is an atomic operation, and a histogram
/// takes a lock of its own. Handles of the same name and labels are one series, which is exposed until as many were
/// destroyed as were made.
///
/// - Counters end in `_total`. Timers are histograms in seconds and end in `_seconds`. Recorders that aggregate are
///   histograms with the catalog's buckets; those that do not, and meters, are gauges.
/// - The number of series is bounded. One that is too many, or whose name is taken by another kind of metric, works for
///   its caller and is not exposed; `linefeed_metrics_series_refused_total` counts them.
package final class PrometheusMetrics: MetricsFactory {
    /// Asked at every scrape, for what is better looked up than kept up to date.
    package typealias Collector = @Sendable () async throws -> [MetricFamily]

    private struct Family {
        var kind: MetricFamily.Kind
        var series: [[MetricFamily.Label]: Entry] = [:]
    }

    private struct Entry {
        var series: any MetricSeries
        /// How many handles were made and not destroyed.
        var holders = 1
    }

    private struct Registry {
        var families: [String: Family] = [:]
        var seriesCount = 0
        var collectors: [Collector] = []
    }

    private static let refusedName = "linefeed_metrics_series_refused_total"
    private static let failuresName = "linefeed_metrics_collection_failures_total"

    private let catalog: MetricCatalog
    private let seriesLimit: Int
    private let logger: Logger
    private let registry = Mutex(Registry())
    private let refused = Atomic<UInt64>(0)
    private let failures = Atomic<UInt64>(0)

    /// - Parameters:
    ///   - catalog: Help texts and buckets, by name.
    ///   - seriesLimit: How many series there may be; a histogram counts as one.
    ///   - logger: Told when a collector fails.
    package init(catalog: MetricCatalog = .linefeed, seriesLimit: Int = 5_000, logger: Logger) {
        self.catalog = catalog
        self.seriesLimit = seriesLimit
        self.logger = logger
    }

    /// Asks `collector` at every scrape from now on. One that throws leaves its metrics out, is logged and counted.
    package func addCollector(_ collector: @escaping Collector) {
        registry.withLock { $0.collectors.append(collector) }
    }

    /// Everything, in the order of names, in the text format of ``MetricFamily/contentType``.
    package func exposition() async -> String {
        var families = registered()
        for collect in registry.withLock({ $0.collectors }) {
            do {
                families += try await collect()
            } catch {
                failures.wrappingAdd(1, ordering: .relaxed)
                logger.warning("Metrics could not be collected", metadata: ["error": "\(error)"])
            }
        }
        families += [
            MetricFamily(.counter, Self.refusedName, Double(refused.load(ordering: .relaxed))),
            MetricFamily(.counter, Self.failuresName, Double(failures.load(ordering: .relaxed))),
        ]
        var text = ""
        for family in families.sorted(by: { $0.name < $1.name }) {
            family.write(help: catalog.help(family.name), to: &text)
        }
        return text
    }

    private func registered() -> [MetricFamily] {
        registry.withLock { registry in
            registry.families.map { name, family in
                let sorted = family.series.sorted { left, right in
                    left.key.map(\.value).lexicographicallyPrecedes(right.key.map(\.value))
                }
                let series = sorted.map { MetricFamily.Series(labels: $0.key, value: $0.value.series.value) }
                return MetricFamily(family.kind, name, series)
            }
        }
    }

    // MARK: Making handles

    package func makeCounter(label: String, dimensions: [(String, String)]) -> any CounterHandler {
        counter(label, dimensions)
    }

    package func makeFloatingPointCounter(
        label: String, dimensions: [(String, String)]
    ) -> any FloatingPointCounterHandler {
        counter(label, dimensions)
    }

    package func makeMeter(label: String, dimensions: [(String, String)]) -> any MeterHandler {
        gauge(label, dimensions)
    }

    package func makeRecorder(label: String, dimensions: [(String, String)], aggregate: Bool) -> any RecorderHandler {
        aggregate ? histogram(MetricName.metric(label), dimensions) : gauge(label, dimensions)
    }

    package func makeTimer(label: String, dimensions: [(String, String)]) -> any TimerHandler {
        histogram(MetricName.metric(label, ending: "_seconds"), dimensions)
    }

    private func counter(_ label: String, _ dimensions: [(String, String)]) -> CounterSeries {
        series(.counter, MetricName.metric(label, ending: "_total"), dimensions) { CounterSeries($0) }
    }

    private func gauge(_ label: String, _ dimensions: [(String, String)]) -> GaugeSeries {
        series(.gauge, MetricName.metric(label), dimensions) { GaugeSeries($0) }
    }

    private func histogram(_ name: String, _ dimensions: [(String, String)]) -> HistogramSeries {
        let bounds = catalog.buckets(name)
        return series(.histogram, name, dimensions) { HistogramSeries($0, bounds: bounds) }
    }

    private func series<Series: MetricSeries>(
        _ kind: MetricFamily.Kind, _ name: String, _ dimensions: [(String, String)],
        make: (SeriesPlace?) -> Series
    ) -> Series {
        // One value a name, in an order that does not depend on the caller's.
        let labels = Dictionary(dimensions.map { (MetricName.label($0.0), $0.1) }) { $1 }
            .map { MetricFamily.Label($0.key, $0.value) }
            .sorted { $0.name < $1.name }
        return registry.withLock { registry in
            var family = registry.families[name] ?? Family(kind: kind)
            if family.kind == kind, let known = family.series[labels]?.series as? Series {
                registry.families[name]?.series[labels]?.holders += 1
                return known
            }
            guard family.kind == kind, registry.seriesCount < seriesLimit else {
                refused.wrappingAdd(1, ordering: .relaxed)
                return make(nil)
            }
            let new = make(SeriesPlace(family: name, labels: labels))
            family.series[labels] = Entry(series: new)
            registry.families[name] = family
            registry.seriesCount += 1
            return new
        }
    }

    // MARK: Forgetting handles

    package func destroyCounter(_ handler: any CounterHandler) { forget(handler) }
    package func destroyFloatingPointCounter(_ handler: any FloatingPointCounterHandler) { forget(handler) }
    package func destroyMeter(_ handler: any MeterHandler) { forget(handler) }
    package func destroyRecorder(_ handler: any RecorderHandler) { forget(handler) }
    package func destroyTimer(_ handler: any TimerHandler) { forget(handler) }

    private func forget(_ handler: AnyObject) {
        guard let series = handler as? any MetricSeries, let place = series.place else { return }
        registry.withLock { registry in
            // An older handle's end must not take away the one that was made since.
            guard let entry = registry.families[place.family]?.series[place.labels], entry.series === series else {
                return
            }
            guard entry.holders == 1 else {
                registry.families[place.family]?.series[place.labels]?.holders -= 1
                return
            }
            registry.families[place.family]?.series[place.labels] = nil
            registry.seriesCount -= 1
            if registry.families[place.family]?.series.isEmpty == true { registry.families[place.family] = nil }
        }
    }
}
