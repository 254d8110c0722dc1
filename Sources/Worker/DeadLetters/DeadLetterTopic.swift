package import Kafka
internal import Synchronization

/// A dead-letter topic, read from its beginning to where it ends now, without a group.
package struct DeadLetterTopic: Sendable {
    package let name: String
    let reader: ClusterReader

    private static let timeout: Duration = .seconds(15)
    /// For one stretch of a log; a long log is read in many.
    private static let readTimeout: Duration = .seconds(60)
    private static let stretch: Int64 = 20_000

    package init(kafka: KafkaProperties, name: String) throws(KafkaError) {
        var properties = kafka
        // What a replay has not committed has not happened.
        properties["isolation.level"] = "read_committed"
        // An end is told by an empty answer, which a broker gives only after this time; every partition has an end.
        if properties["fetch.wait.max.ms"] == nil { properties["fetch.wait.max.ms"] = "50" }
        reader = try ClusterReader(properties: properties)
        self.name = name
    }

    /// Finds out what there is, and what was replayed, also by a run that was killed before it could note it.
    ///
    /// - Throws: `KafkaError`; with `isUnknownTopic` where there is no such topic.
    package func index(_ filter: DeadLetterFilter) async throws(KafkaError) -> DeadLetterIndex {
        let building = Building(DeadLetterIndex(topic: name, filter: filter))
        for (partition, log) in try await logs(of: name).enumerated() {
            try await read(name, Int32(clamping: partition), log.low..<max(log.low, log.high)) { record in
                building.index.withLock { $0.add(record) }
                return true
            }
        }
        let openRuns = building.index.withLock { $0.openRuns }
        for start in Self.starts(of: openRuns) { try await searchReplayed(from: start, building) }
        return building.index.withLock { $0 }
    }

    /// The dead letters of these entries, which lie in one partition; one that is gone by now is left out.
    package func letters(
        _ entries: ArraySlice<DeadLetterIndex.Entry>
    ) async throws(KafkaError) -> [StoredDeadLetter] {
        guard let first = entries.first, let last = entries.last else { return [] }
        let wanted = Dictionary(entries.map { ($0.place.offset, $0) }, uniquingKeysWith: { first, _ in first })
        let collected = Collected()
        try await read(name, first.place.partition, first.place.offset..<last.place.offset + 1) { record in
            if wanted[record.offset] != nil {
                let copy = StoredRecord(copying: record)
                collected.records.withLock { $0.append(copy) }
            }
            return true
        }
        return collected.records.withLock { $0 }.compactMap { record in
            guard let entry = wanted[record.offset] else { return nil }
            let facts = DeadLetterFacts(
                place: entry.place, headers: record.headers,
                key: record.key.map { String(decoding: $0, as: UTF8.self) }, timestamp: record.timestampMilliseconds)
            return StoredDeadLetter(facts: facts, record: record, copies: entry.copies, isReplayed: entry.isReplayed)
        }
    }

    /// The value that was refused: the dead letter's, or, where that had to leave it out, the one that still stands where
    /// it came from. nil when it is in neither place.
    func value(of letter: StoredDeadLetter) async throws(KafkaError) -> OriginalValue? {
        guard let size = letter.facts.omittedBytes else { return OriginalValue(bytes: letter.record.value) }
        guard let origin = letter.facts.origin else { return nil }
        do throws(KafkaError) {
            let logs = try await logs(of: origin.topic)
            guard logs.indices.contains(Int(origin.partition)) else { return nil }
            let log = logs[Int(origin.partition)]
            guard (log.low..<max(log.low, log.high)).contains(origin.offset) else { return nil }
            let original = try await reader.record(
                origin.topic, partition: origin.partition, offset: origin.offset, timeout: Self.timeout)
            guard let original, original.key == letter.record.key, original.value?.count == size else { return nil }
            return OriginalValue(bytes: original.value)
        } catch {
            guard error.isUnknownTopic else { throw error }
            return nil
        }
    }

    /// All of these entries, a chunk at a time.
    package func forEachLetter(
        _ entries: [DeadLetterIndex.Entry], _ body: (StoredDeadLetter) throws -> Void
    ) async throws {
        for chunk in DeadLetterIndex.chunks(of: entries, count: 5000, bytes: 8 << 20) {
            for letter in try await letters(chunk) { try body(letter) }
        }
    }

    func logs(of topic: String) async throws(KafkaError) -> [Watermarks] {
        try await reader.watermarks(of: topic, timeout: Self.timeout)
    }

    /// The earliest place in each partition from which one of the runs may have sent.
    private static func starts(of runs: [ReplayRun]) -> [RecordPlace] {
        let byPartition = Dictionary(grouping: runs.flatMap(\.destinations)) {
            RecordPlace(topic: $0.topic, partition: $0.partition, offset: 0)
        }
        return byPartition.values.compactMap { $0.min() }.sorted()
    }

    private func searchReplayed(from start: RecordPlace, _ building: Building) async throws(KafkaError) {
        let logs = try await logs(of: start.topic)
        guard logs.indices.contains(Int(start.partition)) else { return }
        let log = logs[Int(start.partition)]
        let first = max(start.offset, log.low)
        try await read(start.topic, start.partition, first..<max(first, log.high)) { [name] record in
            let headers = record.copiedHeaders(namedLike: "linefeed-replayed-")
            if let from = headers.text(DeadLetterHeader.replayedFrom).flatMap(RecordPlace.init), from.topic == name,
                let subject = headers.text(DeadLetterHeader.replayedOrigin).flatMap(RecordPlace.init)
            {
                building.index.withLock { $0.found(subject) }
            }
            return true
        }
    }

    private func read(
        _ topic: String, _ partition: Int32, _ range: Range<Int64>,
        _ body: @Sendable (borrowing Record) -> Bool
    ) async throws(KafkaError) {
        var next = range.lowerBound
        while next < range.upperBound {
            let end = min(next + Self.stretch, range.upperBound)
            try await reader.read(topic, partition: partition, range: next..<end, timeout: Self.readTimeout, body)
            next = end
        }
    }

    /// Filled on the reader's thread.
    private final class Building: Sendable {
        let index: Mutex<DeadLetterIndex>
        init(_ index: DeadLetterIndex) { self.index = Mutex(index) }
    }

    private final class Collected: Sendable {
        let records = Mutex<[StoredRecord]>([])
    }
}

/// What a refused record had for a value; null is one.
struct OriginalValue {
    let bytes: [UInt8]?
}
