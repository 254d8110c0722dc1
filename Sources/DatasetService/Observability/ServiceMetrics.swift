import CoreMetrics
import LookoutVision

/// What the service counts as it works. Labels are operations, statuses and outcomes: never a project or a token.
struct ServiceMetrics: Sendable {
    let accepted: Counter
    let repeated: Counter
    let applied: Counter
    let failed: Counter
    let lines: Counter
    let bytes: Counter
    let appliedSeconds: Timer
    let failedSeconds: Timer
    let inFlight: Meter
    private let factory: any MetricsFactory

    init(factory: any MetricsFactory) {
        self.factory = factory
        func updates(_ outcome: String) -> Counter {
            Counter(label: "linefeed_updates_total", dimensions: [("outcome", outcome)], factory: factory)
        }
        func seconds(_ outcome: String) -> Timer {
            Timer(label: "linefeed_update_duration_seconds", dimensions: [("outcome", outcome)], factory: factory)
        }
        accepted = updates("accepted")
        repeated = updates("repeated")
        applied = updates("applied")
        failed = updates("failed")
        appliedSeconds = seconds("applied")
        failedSeconds = seconds("failed")
        lines = Counter(label: "linefeed_update_lines_total", factory: factory)
        bytes = Counter(label: "linefeed_update_bytes_total", factory: factory)
        inFlight = Meter(label: "linefeed_requests_in_flight", factory: factory)
    }

    /// A call of UpdateDatasetEntries was answered.
    func accepted(_ acceptance: Acceptance, bytes count: Int) {
        switch acceptance {
        case .accepted:
            accepted.increment()
            bytes.increment(by: count)
        case .repeated: repeated.increment()
        }
    }

    /// An update is over.
    func ended(_ outcome: UpdateOutcome, acceptedAt: Timestamp, now: Timestamp) {
        let nanoseconds = max(0, now.microseconds - acceptedAt.microseconds) * 1_000
        switch outcome {
        case .applied(let count):
            applied.increment()
            lines.increment(by: count)
            appliedSeconds.recordNanoseconds(nanoseconds)
        case .failed:
            failed.increment()
            failedSeconds.recordNanoseconds(nanoseconds)
        }
    }

    /// A request was answered; the factory keeps one series for each operation and status.
    func answered(_ operation: String, status: Int, duration: Duration) {
        Counter(
            label: "linefeed_requests_total", dimensions: [("operation", operation), ("status", "\(status)")],
            factory: factory
        ).increment()
        let (seconds, attoseconds) = duration.components
        Timer(
            label: "linefeed_request_duration_seconds", dimensions: [("operation", operation)], factory: factory
        ).recordNanoseconds(seconds * 1_000_000_000 + attoseconds / 1_000_000_000)
    }
}
