import Labelling
import LookoutVision
import Settlement

/// The topic, and what the world knows became of each of its records.
struct SimulatedLog {
    struct Event {
        enum Kind {
            case good
            /// Refused at the door.
            case invalid
            /// Accepted, then rolled back.
            case failing
            /// Undecodable.
            case junk
            case tombstone
        }
        let id: Int
        let partition: Int32
        let offset: Int64
        let dataset: Int
        let ref: Int
        let kind: Kind
        /// The log no longer has it.
        var isRemoved = false
        /// Each update that applied it.
        var applied: [(wall: Int64, token: String)] = []
        var hasFailedByChance = false
        /// Wall time, in milliseconds.
        var deadLettered: Int64?

        var hasLine: Bool { kind != .junk && kind != .tombstone }
        var isBad: Bool { kind == .invalid || kind == .failing }
    }

    private(set) var partitions: [[Int]]
    var events: [Event] = []

    let datasets: [DatasetKey]

    init(partitions: Int, datasets: [DatasetKey]) {
        self.partitions = Array(repeating: [], count: partitions)
        self.datasets = datasets
    }

    mutating func publish(partition: Int32, dataset: Int, ref: Int, kind: Event.Kind) {
        events.append(
            Event(
                id: events.count, partition: partition, offset: Int64(partitions[Int(partition)].count),
                dataset: dataset, ref: ref, kind: kind))
        partitions[Int(partition)].append(events.count - 1)
    }

    func end(_ partition: Int32) -> Int64 { Int64(partitions[Int(partition)].count) }

    func event(_ partition: Int32, _ offset: Int64) -> Event? {
        let ids = partitions[Int(partition)]
        guard offset >= 0, offset < ids.count else { return nil }
        return events[ids[Int(offset)]]
    }

    /// Whether the record was removed while nothing had become of it, nor of a later one of its image.
    func isLost(_ event: Event) -> Bool {
        guard event.isRemoved, event.hasLine, event.applied.isEmpty, event.deadLettered == nil else { return false }
        return !partitions[Int(event.partition)][Int(event.offset + 1)...].contains { id in
            let later = events[id]
            return later.hasLine && later.dataset == event.dataset && later.ref == event.ref
        }
    }

    /// Whether the record needs nothing more. An event that a later one replaced is done as soon as that was applied.
    func isDone(_ event: Event) -> Bool {
        switch event.kind {
        case .tombstone: return true
        case .junk: return event.deadLettered != nil || event.isRemoved
        case .good, .invalid, .failing:
            if !event.applied.isEmpty || event.deadLettered != nil || event.isRemoved { return true }
            return partitions[Int(event.partition)][Int(event.offset + 1)...].contains { id in
                let later = events[id]
                return later.hasLine && later.dataset == event.dataset && later.ref == event.ref
                    && !later.applied.isEmpty
            }
        }
    }

    static let fewDatasets: [DatasetKey] = (0..<4).map {
        DatasetKey(project: "project-\($0 / 2)", type: $0 % 2 == 0 ? .train : .test)
    }

    /// As many as ledgers have no room to name. The first two are called by the same hash.
    static let manyDatasets: [DatasetKey] = {
        var random = SplitMix64(seed: 36)
        let others = (2..<64).map { _ in
            (0..<3).map { _ in String(random.next(), radix: 36) }.joined(separator: "-")
        }
        return (["line-63623", "line-94739"] + others).map { DatasetKey(project: $0, type: .train) }
    }()

    /// The line carries the event's number in its last digits, so that the world can tell what an update applies.
    func withEvent(_ event: Event, _ body: (LabellingEvent) -> Void) {
        let dataset = datasets[event.dataset]
        let ref = "s3://b/\(event.ref)"
        let number = String(1_000_000 + event.id)
        Array(dataset.project.utf8).withUnsafeBytes { project in
            Array(ref.utf8).withUnsafeBytes { refBytes in
                Array("{\"source-ref\":\"\(ref)\",\"n\":\(number)}".utf8).withUnsafeBytes { line in
                    body(
                        LabellingEvent(project: project, type: dataset.type, sourceRef: refBytes, compactLine: line))
                }
            }
        }
    }

    static func number(inLine line: UnsafeRawBufferPointer) -> Int {
        var number = 0
        for byte in line.suffix(7).prefix(6) { number = number * 10 + Int(byte) - 48 }
        return number
    }
}
