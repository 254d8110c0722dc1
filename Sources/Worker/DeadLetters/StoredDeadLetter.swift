package import Kafka

/// What a dead letter says about itself.
package struct DeadLetterFacts: Sendable, Hashable {
    /// Where the dead letter lies.
    package let place: RecordPlace
    /// Where the refused record lies, or lay; nil where the headers do not say, so that nobody of ours wrote it.
    package let origin: RecordPlace?
    /// One of few words; nil where nobody of ours wrote it.
    package let reason: String?
    package let field: String?
    package let message: String?
    /// `project/type`; nil where the record could not be decoded.
    package let dataset: String?
    package let group: String?
    /// Milliseconds since 1970; for a dead letter that does not say, the original record's time.
    package let refusedAt: Int64?
    /// The value's length, where it was too large for the topic and is not there; else nil.
    package let omittedBytes: Int?
    /// The dataset's project, or the one that the record's headers or its key claim.
    package let project: String?

    /// Copies of one dead letter, written by workers that died before they could settle it, share this.
    package var subject: RecordPlace { origin ?? place }

    init(place: RecordPlace, headers: [RecordHeader], key: String?, timestamp: Int64?) {
        self.place = place
        if let topic = headers.text(DeadLetterHeader.originTopic), !topic.isEmpty,
            let partition = headers.text(DeadLetterHeader.originPartition).flatMap(Int32.init), partition >= 0,
            let offset = headers.text(DeadLetterHeader.originOffset).flatMap(Int64.init), offset >= 0
        {
            origin = RecordPlace(topic: topic, partition: partition, offset: offset)
        } else {
            origin = nil
        }
        reason = headers.text(DeadLetterHeader.reason)
        field = headers.text(DeadLetterHeader.field)
        message = headers.text(DeadLetterHeader.message)
        dataset = headers.text(DeadLetterHeader.dataset)
        group = headers.text(DeadLetterHeader.group)
        refusedAt = headers.text(DeadLetterHeader.refusedAt).flatMap(Int64.init) ?? timestamp
        omittedBytes = headers.text(DeadLetterHeader.omittedBytes).flatMap(Int.init)
        project =
            dataset.flatMap(Self.project(ofDataset:)) ?? headers.text(DeadLetterHeader.project)
            ?? key.flatMap(Self.project(ofDataset:))
    }

    private static func project(ofDataset name: String) -> String? {
        let parts = name.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 2, ["train", "test"].contains(parts[1]) else { return nil }
        return String(parts[0])
    }
}

/// A dead letter as it lies in its topic, with what is known of it there.
package struct StoredDeadLetter: Sendable {
    package let facts: DeadLetterFacts
    /// The refused record's key, value, headers and time, and the headers of the refusal.
    package let record: StoredRecord
    /// How often it was written.
    package let copies: Int
    package let isReplayed: Bool

    /// The headers that the refused record came with.
    package var originalHeaders: [RecordHeader] {
        record.headers.filter { !DeadLetterHeader.ofRefusal.contains($0.name) }
    }
}

/// Which dead letters are meant; everything that is set must hold.
package struct DeadLetterFilter: Sendable, Hashable {
    /// Any of these; empty: all.
    package var reasons: Set<String> = []
    package var project: String?
    /// Refused at or after this time, in milliseconds since 1970.
    package var since: Int64?
    /// Refused before this time, in milliseconds since 1970.
    package var until: Int64?

    package init() {}

    /// A time that nobody knows is in no range.
    package func admits(_ facts: DeadLetterFacts) -> Bool {
        if !reasons.isEmpty, !reasons.contains(facts.reason ?? "") { return false }
        if let project, facts.project != project { return false }
        if let since, facts.refusedAt.map({ $0 >= since }) != true { return false }
        if let until, facts.refusedAt.map({ $0 < until }) != true { return false }
        return true
    }
}
