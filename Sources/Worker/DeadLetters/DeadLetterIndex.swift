internal import Kafka

/// What a dead-letter topic holds: each dead letter once, without its content, so that millions fit into memory.
package struct DeadLetterIndex: Sendable {
    /// One dead letter, whichever of its copies was the first that the filter admits.
    package struct Entry: Sendable, Hashable {
        package fileprivate(set) var place: RecordPlace
        package let subject: RecordPlace
        /// Where to send it again; nil where its headers do not say.
        package let originTopic: String?
        package fileprivate(set) var copies: Int
        package fileprivate(set) var isReplayed: Bool
        fileprivate var isWanted: Bool
        /// Bytes of key and value, as they are sent again.
        fileprivate var byteCount: Int
    }

    private let topic: String
    private let filter: DeadLetterFilter
    private var entries: [RecordPlace: Entry] = [:]
    /// Subjects of which the note was met before, or without, the dead letter.
    private var replayed: Set<RecordPlace> = []
    private var runs: [String: ReplayRun] = [:]
    private var finishedRuns: Set<String> = []
    /// Sent by a run that came to no end, and not noted.
    private(set) var unnoted: Set<RecordPlace> = []

    init(topic: String, filter: DeadLetterFilter) {
        self.topic = topic
        self.filter = filter
    }

    /// What the filter admits, by place.
    package var wanted: [Entry] { entries.values.filter(\.isWanted).sorted { $0.place < $1.place } }

    /// All dead letters, whatever the filter says.
    package var count: Int { entries.count }

    /// Dead letters to be noted as replayed, whatever the filter says.
    var unnotedEntries: [Entry] { unnoted.compactMap { entries[$0] }.sorted { $0.place < $1.place } }

    /// Runs that came to no end, by id.
    var openRuns: [ReplayRun] { runs.values.filter { !finishedRuns.contains($0.id) }.sorted { $0.id < $1.id } }

    mutating func add(_ record: borrowing Record) {
        let place = RecordPlace(topic: topic, partition: record.partition, offset: record.offset)
        let headers = record.copiedHeaders(namedLike: "linefeed-")
        switch ReplayMark(headers) {
        case .replayed(let subject, _)?: note(subject)
        case .started(let run)?: runs[run.id] = run
        case .finished(let id)?: finishedRuns.insert(id)
        case nil:
            let key = record.key.map { String(decoding: $0, as: UTF8.self) }
            add(
                DeadLetterFacts(place: place, headers: headers, key: key, timestamp: record.timestampMilliseconds),
                byteCount: (record.key?.count ?? 0) + (record.value?.count ?? 0))
        }
    }

    private mutating func add(_ facts: DeadLetterFacts, byteCount: Int) {
        let byteCount = byteCount + (facts.omittedBytes ?? 0)
        let isWanted = filter.admits(facts)
        guard var entry = entries[facts.subject] else {
            entries[facts.subject] = Entry(
                place: facts.place, subject: facts.subject, originTopic: facts.origin?.topic, copies: 1,
                isReplayed: replayed.contains(facts.subject), isWanted: isWanted, byteCount: byteCount)
            return
        }
        entry.copies += 1
        if isWanted, !entry.isWanted {
            entry.place = facts.place
            entry.byteCount = byteCount
            entry.isWanted = true
        }
        entries[facts.subject] = entry
    }

    private mutating func note(_ subject: RecordPlace) {
        replayed.insert(subject)
        entries[subject]?.isReplayed = true
    }

    /// A replayed record was met in its destination.
    mutating func found(_ subject: RecordPlace) {
        guard !replayed.contains(subject) else { return }
        unnoted.insert(subject)
        note(subject)
    }
}

extension DeadLetterIndex {
    /// Entries of one partition that are read, and sent, together: so many at most, and so many bytes.
    static func chunks(of entries: [Entry], count: Int = 200, bytes limit: Int = 1 << 20) -> [ArraySlice<Entry>] {
        var chunks: [ArraySlice<Entry>] = []
        var start = entries.startIndex
        var bytes = 0
        for index in entries.indices {
            let entry = entries[index]
            let isOther = entry.place.partition != entries[start].place.partition
            if index > start, isOther || index - start >= count || bytes + entry.byteCount > limit {
                chunks.append(entries[start..<index])
                start = index
                bytes = 0
            }
            bytes += entry.byteCount
        }
        if start < entries.endIndex { chunks.append(entries[start...]) }
        return chunks
    }
}

extension Record {
    /// Copies of the headers whose names begin like this.
    borrowing func copiedHeaders(namedLike prefix: String) -> [RecordHeader] {
        var headers: [RecordHeader] = []
        forEachHeader { name, value in
            guard name.hasPrefix(prefix) else { return }
            switch value {
            case .null: headers.append(RecordHeader(name, nil))
            case .bytes(let bytes): headers.append(RecordHeader(name, Array(bytes)))
            }
        }
        return headers
    }
}
