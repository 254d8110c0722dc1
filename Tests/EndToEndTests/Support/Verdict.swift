import Foundation
import Kafka
import Testing

/// What must be true after a pool has drained the topic, however often its parts died.
struct Verdict {
    let arena: Arena
    let setup: Arena.Setup
    let workload: Workload

    /// Every dataset holds what the events say, last event first.
    func checkContent() async throws {
        for (name, wanted) in workload.expected.sorted(by: { $0.key < $1.key }) where wanted.events > 0 {
            let parts = name.split(separator: "/").map(String.init)
            let lines = try await arena.export(parts[0], parts[1], from: setup.endpoint)
            let found = try JSONLines.canonical(lines)
            let expected = try JSONLines.canonical(wanted.entries.values)
            #expect(found.count == expected.count, "entries of \(name)")
            let difference = Set(found).symmetricDifference(expected)
            #expect(
                difference.isEmpty, "\(name): \(difference.count) entries differ, such as \(difference.first ?? "")")
        }
    }

    /// No token twice, no event applied twice, nothing refused.
    ///
    /// - Returns: the history.
    @discardableResult
    func checkHistory() async throws -> [History.Update] {
        let history = try History(arena.database)
        let updates = try await history.updates()
        #expect(updates.repeatedTokens.isEmpty)
        #expect(try await history.failures() == 0)
        #expect(try await history.inProgress() == 0)
        let lines = updates.linesByDataset
        for (name, wanted) in workload.expected {
            let applied = lines[name] ?? 0
            if wanted.isUnique {
                // Every event is a line of its own, so one that was applied twice or lost shows here.
                #expect(applied == wanted.events, "lines applied to \(name)")
            } else {
                // Inside a batch only the last event of an image becomes a line.
                #expect((wanted.entries.count...wanted.events).contains(applied), "lines applied to \(name)")
            }
        }
        return updates
    }

    /// The group has committed every partition to its end, and the cluster has kept everything.
    func checkOffsets() async throws {
        for partition in try await setup.progress() {
            #expect(partition.low == 0, "partition \(partition.partition): the cluster dropped records")
            #expect(partition.committed == partition.high, "committed offset of partition \(partition.partition)")
        }
    }

    /// Every refused record is in the dead-letter topic as it came, with where it came from and why; nothing else is.
    ///
    /// - Returns: how many dead letters there are, repeated ones included.
    @discardableResult
    func checkDeadLetters(_ refused: [Workload.Origin: Workload.Item]) async throws -> Int {
        let topic = setup.topic + ".dead-letters"
        let reader = try ClusterReader(properties: ["bootstrap.servers": setup.brokers])
        var missing = refused
        var count = 0
        for partition in 0..<(try await reader.partitionCount(of: topic, timeout: .seconds(10))) {
            let letters = try await reader.records(topic, partition: Int32(partition), timeout: .seconds(30))
            count += letters.count
            for letter in letters {
                let headers = Dictionary(
                    letter.headers.map { ($0.name, $0.value.map { String(decoding: $0, as: UTF8.self) } ?? "") },
                    uniquingKeysWith: { $1 })
                let origin = Workload.Origin(
                    partition: Int32(headers["linefeed-origin-partition"] ?? "") ?? -1,
                    offset: Int64(headers["linefeed-origin-offset"] ?? "") ?? -1)
                guard let item = refused[origin] else {
                    Issue.record("a dead letter that nobody expects: \(headers)")
                    continue
                }
                missing[origin] = nil
                #expect(headers["linefeed-origin-topic"] == setup.topic)
                #expect(headers["linefeed-group"] == setup.group)
                #expect(headers["linefeed-reason"] == item.refusal?.reason)
                #expect(headers["linefeed-field"] == item.refusal?.field)
                #expect(headers["linefeed-message"]?.isEmpty == false)
                #expect(letter.value == item.value.map { Array($0.utf8) })
                #expect(letter.key == Array(item.key.utf8))
            }
        }
        #expect(missing.isEmpty, "\(missing.count) refused records are not in \(topic)")
        return count
    }
}
