internal import Labelling
internal import ServiceContextModule
internal import Settlement

/// The lanes that are at work or wait, as their calls and answers tell: one entry for each, changed once a call.
struct LaneBoard {
    struct Entry {
        var state: WorkerStatus.Lane.State
        var reason: WaitReason?
        var detail: String?
        var failures = 0
        /// Monotonic nanoseconds.
        var since: Int64
        var firstOffset: Int64
        var cut: Int64
        var lines: Int
        /// The client token of the latest update.
        var token: String?
        var trace: ServiceContext?
    }

    private var lanes: [Int32: [DatasetKey: Entry]] = [:]

    /// A call goes out.
    mutating func calling(_ call: Call, trace: ServiceContext?, now: Int64) {
        let batch = call.batch
        var entry =
            lanes[batch.partition]?[batch.dataset]
            ?? Entry(
                state: .calling, since: now, firstOffset: batch.firstOffset, cut: batch.cut, lines: batch.lineCount)
        if entry.cut != batch.cut {
            entry = Entry(
                state: .calling, since: now, firstOffset: batch.firstOffset, cut: batch.cut, lines: batch.lineCount)
        }
        entry.state = .calling
        entry.trace = trace
        lanes[batch.partition, default: [:]][batch.dataset] = entry
    }

    mutating func answered(_ dataset: DatasetKey, _ partition: Int32, token: String) {
        lanes[partition]?[dataset]?.token = token
    }

    /// What was sent for a lane, and in which trace.
    func sent(_ dataset: DatasetKey, _ partition: Int32) -> (token: String?, trace: ServiceContext?) {
        let entry = lanes[partition]?[dataset]
        return (entry?.token, entry?.trace)
    }

    mutating func waiting(
        _ dataset: DatasetKey, _ partition: Int32, _ reason: WaitReason, _ detail: String, failures: Int
    ) {
        lanes[partition]?[dataset]?.state = .waiting
        lanes[partition]?[dataset]?.reason = reason
        lanes[partition]?[dataset]?.detail = String(detail.prefix(Self.detailLimit))
        lanes[partition]?[dataset]?.failures = failures
    }

    mutating func writingDeadLetters(_ dataset: DatasetKey, _ partition: Int32) {
        lanes[partition]?[dataset]?.state = .writingDeadLetters
    }

    mutating func settled(_ dataset: DatasetKey, _ partition: Int32) { lanes[partition]?[dataset] = nil }

    mutating func drop(_ partition: Int32) { lanes[partition] = nil }

    /// Of a message from outside; an endpoint may answer with a page.
    private static let detailLimit = 300

    /// How many are at work and how many wait, and the worst of them.
    func lanes(of partition: Int32, now: Int64) -> (inFlight: Int, waiting: Int, worst: [WorkerStatus.Lane]) {
        guard let all = lanes[partition] else { return (0, 0, []) }
        let waiting = all.values.count { $0.state == .waiting }
        let worst = all.sorted { ($1.value.failures, $0.value.since) < ($0.value.failures, $1.value.since) }
            .prefix(WorkerStatus.Partition.laneLimit)
        return (
            all.count - waiting, waiting,
            worst.map { dataset, entry in
                WorkerStatus.Lane(
                    dataset: "\(dataset)", state: entry.state,
                    reason: entry.state == .waiting ? entry.reason?.rawValue : nil, detail: entry.detail,
                    failures: entry.failures, seconds: Double(max(0, now - entry.since)) / 1e9,
                    firstOffset: entry.firstOffset, cut: entry.cut, lines: entry.lines)
            }
        )
    }
}
