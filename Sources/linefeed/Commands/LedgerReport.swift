internal import FoundationEssentials
internal import Kafka
internal import Labelling
internal import LookoutVision
internal import Settlement
internal import Worker

/// Ledgers in words, and as JSON.
struct LedgerReport {
    let group: String
    let topic: String
    let partitions: [PartitionState]
    let now: Date

    // MARK: - Words

    var text: String {
        (["Group \(group), topic \(topic)"] + partitions.map(paragraph)).joined(separator: "\n\n")
    }

    private func paragraph(_ state: PartitionState) -> String {
        var lines = [headline(state)]
        switch state.remembered {
        case .nothing: break
        case .unbelievable(let error):
            lines.append("  The text beside the offset is no ledger to believe in: \(Self.words(error)).")
            lines.append("  The next owner replays from the committed offset, at-least-once.")
        case .ledger(let ledger):
            if state.lag > 0 { lines += Self.levels(ledger).map { "  " + $0 } }
            lines += ledger.entries.map { "  " + words($0, ledger) }
            if ledger.entries.contains(where: { if case .hash = $0.name { true } else { false } }) {
                lines.append("  (#… is a dataset whose name found no room: it begins the SHA-256 of its project/type.)")
            }
        }
        return lines.joined(separator: "\n")
    }

    private func headline(_ state: PartitionState) -> String {
        guard let committed = state.committed else {
            return "Partition \(state.partition): nothing committed yet, \(state.lag) records to read"
        }
        guard state.lag > 0 else { return "Partition \(state.partition): at its end, offset \(committed)" }
        var line = "Partition \(state.partition): committed \(committed) of \(state.log.high), \(state.lag) behind"
        if let age = age(milliseconds: state.oldestUnsettled) { line += ", the oldest for \(age)" }
        return line
    }

    private func words(_ entry: Ledger.Entry, _ ledger: Ledger) -> String {
        let name = Self.words(entry.name)
        guard let inFlight = entry.inFlight else {
            return entry.settled >= ledger.offset
                ? "\(name): settled up to offset \(entry.settled)"
                : "\(name): not settled from offset \(ledger.offset) on, nothing sent"
        }
        let since = age(milliseconds: inFlight.firstSent * 1000) ?? "?"
        let again = inFlight.generation > 0 ? ", under its token number \(inFlight.generation + 1)" : ""
        return "\(name): a batch up to offset \(inFlight.cut) was cut \(since) ago and is not settled\(again)"
    }

    /// Up to where datasets are settled that are not named.
    private static func levels(_ ledger: Ledger) -> [String] {
        guard let ceiling = ledger.ceiling else {
            guard ledger.floor >= ledger.offset else { return [] }
            return ["Every dataset that is not named below is settled up to offset \(ledger.floor)."]
        }
        return [
            "Every dataset that is not named below is settled either up to offset \(ledger.floor) or up to "
                + "\(ceiling.offset): they take turns, for want of room in the ledger."
        ]
    }

    private static func words(_ name: LaneName) -> String {
        switch name {
        case .dataset(let dataset): dataset.description
        case .hash(let hash): digits(hash)
        case .noDataset: "(records of no dataset)"
        }
    }

    /// As the hexadecimal digits begin that `sha256sum` shows for the dataset's `project/type`.
    private static func digits(_ hash: UInt32) -> String {
        let digits = String(hash, radix: 16)
        return "#" + String(repeating: "0", count: 8 - digits.count) + digits
    }

    private static func words(_ error: LedgerError) -> String {
        switch error {
        case .foreign: "somebody else wrote it"
        case .unknownVersion(let version): "it is of version \(version), which this program does not know"
        case .damaged: "it is damaged, or was written for another group, topic or partition"
        case .otherOffset(let offset): "it was written for offset \(offset)"
        }
    }

    /// nil for an unknown time.
    private func age(milliseconds: Int64?) -> String? {
        guard let milliseconds else { return nil }
        let seconds = max(0, Int(now.timeIntervalSince1970) - Int(milliseconds / 1000))
        return switch seconds {
        case ..<60: "\(seconds)s"
        case ..<3600: "\(seconds / 60)m \(seconds % 60)s"
        case ..<86400: "\(seconds / 3600)h \(seconds % 3600 / 60)m"
        default: "\(seconds / 86400)d \(seconds % 86400 / 3600)h"
        }
    }

    // MARK: - JSON

    func json() throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        return String(
            decoding: try encoder.encode(
                Document(group: group, topic: topic, partitions: partitions.map(Document.Partition.init))),
            as: UTF8.self)
    }

    private struct Document: Encodable {
        struct Partition: Encodable {
            var partition: Int32
            var committed: Int64?
            var beginning: Int64
            var end: Int64
            var lag: Int64
            /// Milliseconds since the epoch.
            var oldestUnsettledAt: Int64?
            var ledger: Content?
            var ledgerError: String?

            init(_ state: PartitionState) {
                partition = state.partition
                committed = state.committed
                beginning = state.log.low
                end = state.log.high
                lag = state.lag
                oldestUnsettledAt = state.oldestUnsettled
                switch state.remembered {
                case .nothing: break
                case .ledger(let ledger): self.ledger = Content(ledger)
                case .unbelievable(let error): ledgerError = LedgerReport.words(error)
                }
            }
        }

        struct Content: Encodable {
            var floor: Int64
            /// Datasets that are not listed are settled up to here or up to the floor; nil: all up to the floor.
            var ceiling: Int64?
            var datasets: [Dataset]

            init(_ ledger: Ledger) {
                floor = ledger.floor
                ceiling = ledger.ceiling?.offset
                datasets = ledger.entries.map(Dataset.init)
            }
        }

        struct Dataset: Encodable {
            /// nil: the records that belong to no dataset, or a dataset that is known by its hash.
            var project: String?
            var datasetType: String?
            /// `#` and the first eight hexadecimal digits of the SHA-256 of `project/type`.
            var hash: String?
            var settled: Int64
            var cut: Int64?
            /// Seconds since the epoch.
            var firstSent: Int64?
            var generation: Int?

            init(_ entry: Ledger.Entry) {
                project = entry.dataset?.project
                datasetType = entry.dataset?.type.rawValue
                if case .hash(let hash) = entry.name { self.hash = LedgerReport.digits(hash) }
                settled = entry.settled
                cut = entry.inFlight?.cut
                firstSent = entry.inFlight?.firstSent
                generation = entry.inFlight?.generation
            }
        }

        var group: String
        var topic: String
        var partitions: [Partition]
    }
}
