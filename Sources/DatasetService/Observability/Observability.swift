import FoundationEssentials
import Hummingbird
import Logging
import LookoutVision
import Telemetry

/// What the service says of itself: metrics, and whether it is alive and ready.
struct Observability: Sendable {
    let exposition: PrometheusMetrics
    let metrics: ServiceMetrics
    private let store: DatasetStore
    private let databasePath: String
    private let access: ServiceStatus.Access
    private let logger: Logger

    init(
        store: DatasetStore, databasePath: String, access: ServiceStatus.Access, exposition: PrometheusMetrics,
        logger: Logger
    ) {
        self.store = store
        self.databasePath = databasePath
        self.access = access
        self.logger = logger
        self.exposition = exposition
        metrics = ServiceMetrics(factory: exposition)
        exposition.addCollector { ProcessMetrics.collect() }
        exposition.addCollector { try await Self.families(of: store.totals(), databasePath: databasePath) }
    }

    /// Probes, for anyone who reaches the address: they tell nothing of what is stored.
    func addProbes<Context: RequestContext>(to routes: some RouterMethods<Context>) {
        ProbeRoutes { await obstacles() }.addRoutes(to: routes)
    }

    /// Why the service cannot do its work just now; empty where it can.
    func obstacles() async -> [String] {
        do {
            try await store.probe()
            return []
        } catch {
            return [unreadable(error)]
        }
    }

    /// What `/status` tells.
    func status() async -> ServiceStatus {
        do {
            let (totals, activity) = try await (store.totals(), store.activity())
            return ServiceStatus(
                access: access, totals: totals, activity: activity, walBytes: Self.size(of: databasePath + "-wal"),
                now: store.now())
        } catch {
            return ServiceStatus(access: access, obstacle: unreadable(error))
        }
    }

    private func unreadable(_ error: any Error) -> String {
        logger.error("The database cannot be read", metadata: ["error": "\(error)"])
        // Whoever asks need not be someone who may know more.
        return "The database cannot be read."
    }

    private static func families(of totals: DatabaseTotals, databasePath: String) -> [MetricFamily] {
        let counts = totals.counts
        return [
            MetricFamily(.gauge, "linefeed_projects", Double(totals.projects)),
            MetricFamily(
                .gauge, "linefeed_datasets", by: "status",
                totals.datasets.map { ($0.key.rawValue, Double($0.value)) }.sorted { $0.0 < $1.0 }),
            MetricFamily(
                .gauge, "linefeed_entries", by: "class",
                [
                    ("normal", Double(counts.normal)), ("anomaly", Double(counts.anomaly)),
                    ("unlabelled", Double(counts.total - counts.labelled)),
                ]),
            MetricFamily(.gauge, "linefeed_updates_pending", Double(totals.pendingUpdates)),
            MetricFamily(.gauge, "linefeed_tokens", Double(totals.tokens)),
            MetricFamily(
                .gauge, "linefeed_database_bytes", by: "file",
                [("main", Double(totals.bytes)), ("wal", Double(Self.size(of: databasePath + "-wal")))]),
        ]
    }

    /// 0 where there is no such file, as after a clean close.
    private static func size(of path: String) -> Int {
        let attributes = try? FileManager.default.attributesOfItem(atPath: path)
        return (attributes?[.size] as? Int) ?? (attributes?[.size] as? UInt64).map { Int(clamping: $0) } ?? 0
    }
}
