internal import DatasetService
internal import Foundation
internal import Labelling
internal import LookoutVision

/// Compares what is there with what the script says must be there.
struct DemoVerdict {
    private(set) var failures: [String] = []
    private(set) var datasets = 0
    private(set) var entries = 0
    private(set) var updates = 0
    private(set) var lines = 0

    init(script: DemoScript, store: DatasetStore, deadLetters: Int) async throws {
        let history = try await store.history()
        updates = history.count
        lines = history.reduce(0) { $0 + $1.lines }
        for (token, all) in Dictionary(grouping: history, by: \.token) where all.count > 1 {
            failures.append("token \(token) was applied \(all.count) times")
        }
        for (dataset, expected) in script.expected.sorted(by: { $0.key < $1.key }) {
            let name = DatasetName(project: dataset.project, type: dataset.type)
            let applied = history.filter { $0.project == dataset.project && $0.datasetType == dataset.type.rawValue }
                .reduce(0) { $0 + $1.lines }
            let found = try await store.entries(of: name)
            compare(dataset, found: found, with: expected)
            compare(dataset, appliedLines: applied, with: script)
        }
        if deadLetters < script.undecodable {
            failures.append("\(script.undecodable) records cannot be decoded, \(deadLetters) dead letters were written")
        }
    }

    private mutating func compare(_ dataset: DatasetKey, found: [String], with expected: [String: DemoEntry]) {
        let before = failures.count
        var rest = expected
        for line in found {
            guard let entry = DemoEntry(line: line), let ref = entry.sourceRef else {
                failures.append("\(dataset): an entry that is no JSON object with a source-ref: \(line.prefix(80))")
                continue
            }
            guard let wanted = rest.removeValue(forKey: ref) else {
                failures.append("\(dataset): \(ref) is there twice, or was never published")
                continue
            }
            if wanted != entry { failures.append("\(dataset): \(ref) is not what its last event says") }
        }
        if !rest.isEmpty { failures.append("\(dataset): \(rest.count) images are missing") }
        entries += found.count
        if failures.count == before { datasets += 1 }
    }

    /// Where every image is labelled once, each event must be in exactly one applied update; elsewhere a later label may
    /// have replaced an earlier one before either was sent.
    private mutating func compare(_ dataset: DatasetKey, appliedLines: Int, with script: DemoScript) {
        let events = script.eventCounts[dataset] ?? 0
        let images = script.expected[dataset]?.count ?? 0
        let allowed = script.relabelled.contains(dataset) ? images...max(images, events) : events...events
        if !allowed.contains(appliedLines) {
            failures.append("\(dataset): \(appliedLines) lines were applied for \(events) events")
        }
    }
}
