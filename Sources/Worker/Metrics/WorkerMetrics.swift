package import CoreMetrics
internal import Labelling
internal import LookoutVision
internal import Settlement

/// What a worker measures, under names in the manner of Prometheus; the factory decides where it goes.
///
/// Every handle is made once, at the start, so that a counter which has not moved is there and says 0, and nothing is
/// allocated for an event. Labels are bounded: partitions, and reasons and outcomes of fixed lists; never a dataset, an
/// image or a token. Timers hold nanoseconds, as swift-metrics has it: a backend that renders them under these names
/// has to give seconds.
package final class WorkerMetrics: Sendable {
    let recordsConsumed: Counter
    let eventsSettled: Counter
    let eventsReplayed: Counter
    let tombstones: Counter
    let batchesSettled: Counter
    let linesApplied: Counter
    let ledgersIgnored: Counter
    let recordsDropped: Counter
    let memberships: Counter
    private let deadLetters: [String: Counter]
    private let calls: [String: [String: Counter]]
    private let callSeconds: [String: Timer]
    private let commits: [String: Counter]
    private let rebalances: [String: Counter]

    let batchLines: Recorder
    let batchBytes: Recorder
    /// From a batch's cut to its settlement.
    let batchSeconds: Timer
    /// From the timestamp of a batch's first record to the batch's settlement.
    let publishedToSettled: Timer

    private let lanesWaiting: [String: Gauge]
    let batchesInFlight: Gauge
    let partitionsAssigned: Gauge
    let partitionsStalled: Gauge
    let memoryHeld: Gauge
    let memoryBudget: Gauge
    let ledgerLimit: Gauge
    let ready: Gauge
    private let factory: any MetricsFactory

    enum Commit: String, CaseIterable {
        case stored, refused, unknown
    }

    enum Rebalance: String, CaseIterable {
        case assigned, revoked, lost
    }

    /// - Parameter factory: makes the handles; a `NOOPMetricsHandler` where nobody looks.
    package init(factory: any MetricsFactory) {
        func counter(_ name: String, _ labels: [(String, String)] = []) -> Counter {
            Counter(label: "linefeed_\(name)_total", dimensions: labels, factory: factory)
        }
        func counters(_ name: String, by label: String, _ values: [String]) -> [String: Counter] {
            Dictionary(values.map { ($0, counter(name, [(label, $0)])) }, uniquingKeysWith: { first, _ in first })
        }
        func timer(_ name: String, _ labels: [(String, String)] = []) -> Timer {
            Timer(label: "linefeed_\(name)_seconds", dimensions: labels, factory: factory)
        }
        func gauge(_ name: String, _ labels: [(String, String)] = []) -> Gauge {
            Gauge(label: "linefeed_\(name)", dimensions: labels, factory: factory)
        }
        self.factory = factory
        recordsConsumed = counter("records_consumed")
        eventsSettled = counter("events_settled")
        eventsReplayed = counter("events_replayed")
        tombstones = counter("tombstones")
        batchesSettled = counter("batches_settled")
        linesApplied = counter("lines_applied")
        ledgersIgnored = counter("ledgers_ignored")
        recordsDropped = counter("records_dropped")
        memberships = counter("memberships")
        deadLetters = counters(
            "dead_letters", by: "reason",
            Rejection.Reason.allCases.map(\.rawValue) + DeadLetterReason.allCases.map(\.rawValue))
        calls = Dictionary(
            Call.Kind.all.map { kind in
                let outcomes = CallOutcome.labels(of: kind).map { outcome in
                    (outcome, counter("calls", [("operation", kind.label), ("outcome", outcome)]))
                }
                return (kind.label, Dictionary(outcomes, uniquingKeysWith: { first, _ in first }))
            }, uniquingKeysWith: { first, _ in first })
        callSeconds = Dictionary(
            Call.Kind.all.map { ($0.label, timer("call", [("operation", $0.label)])) },
            uniquingKeysWith: { first, _ in first })
        commits = counters("commits", by: "outcome", Commit.allCases.map(\.rawValue))
        rebalances = counters("rebalances", by: "kind", Rebalance.allCases.map(\.rawValue))
        batchLines = Recorder(label: "linefeed_batch_lines", factory: factory)
        batchBytes = Recorder(label: "linefeed_batch_bytes", factory: factory)
        batchSeconds = timer("batch_settlement")
        publishedToSettled = timer("publish_to_settled")
        lanesWaiting = Dictionary(
            WaitReason.allCases.map { ($0.rawValue, gauge("lanes_waiting", [("reason", $0.rawValue)])) },
            uniquingKeysWith: { first, _ in first })
        batchesInFlight = gauge("batches_in_flight")
        partitionsAssigned = gauge("partitions_assigned")
        partitionsStalled = gauge("partitions_stalled")
        memoryHeld = gauge("memory_held_bytes")
        memoryBudget = gauge("memory_budget_bytes")
        ledgerLimit = gauge("ledger_limit_bytes")
        ready = gauge("ready")
    }

    func deadLetter(reason: String, count: Int) { deadLetters[reason]?.increment(by: count) }
    func commit(_ outcome: Commit) { commits[outcome.rawValue]?.increment() }
    func rebalance(_ kind: Rebalance) { rebalances[kind.rawValue]?.increment() }

    /// Counts a call; `duration` is from the decision to make it to its answer, for an update to its terminal status.
    func call(_ kind: Call.Kind, _ answer: Answer, duration: Duration) {
        calls[kind.label]?[CallOutcome.label(answer)]?.increment()
        callSeconds[kind.label]?.recordNanoseconds(duration.nanoseconds)
    }

    func waiting(_ lanes: [WaitReason: Int]) {
        for reason in WaitReason.allCases { lanesWaiting[reason.rawValue]?.record(lanes[reason] ?? 0) }
    }

    func partition(_ number: Int32) -> PartitionMetrics { PartitionMetrics(partition: number, factory: factory) }
}

/// Gauges of one partition. They go when this goes: a worker does not speak of a partition that it does not own.
final class PartitionMetrics {
    /// Records from the watermark to the end of the log.
    let lag: Gauge
    /// Age of the lowest unsettled record, by its timestamp.
    let oldestUnsettled: Gauge
    /// Bytes of the ledger in the last commit.
    let ledger: Gauge
    /// 1 while it has records to settle or to read, and has not got on for `Settings.stallAfter`.
    let stalled: Gauge

    init(partition: Int32, factory: any MetricsFactory) {
        func gauge(_ name: String) -> Gauge {
            Gauge(label: "linefeed_partition_\(name)", dimensions: [("partition", "\(partition)")], factory: factory)
        }
        lag = gauge("lag_records")
        oldestUnsettled = gauge("oldest_unsettled_seconds")
        ledger = gauge("ledger_bytes")
        stalled = gauge("stalled")
    }

    deinit {
        for gauge in [lag, oldestUnsettled, ledger, stalled] { gauge.destroy() }
    }
}
