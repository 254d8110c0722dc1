internal import Kafka
internal import Labelling

/// Names of the headers by which dead letters, their replays and what is noted about those are told.
enum DeadLetterHeader {
    // On a dead letter, written by the worker.
    static let originTopic = "linefeed-origin-topic"
    static let originPartition = "linefeed-origin-partition"
    static let originOffset = "linefeed-origin-offset"
    static let group = "linefeed-group"
    static let reason = "linefeed-reason"
    static let message = "linefeed-message"
    static let field = "linefeed-field"
    static let dataset = "linefeed-dataset"
    /// Milliseconds since 1970: the record's own timestamp is the original's.
    static let refusedAt = "linefeed-refused-at"

    /// Bytes of a value that had to be left out, its topic taking only smaller ones.
    static let omittedBytes = "linefeed-omitted-bytes"

    /// Everything that a refusal says of a record; it goes when the record is refused again, or replayed.
    static let ofRefusal: Set<String> = [
        originTopic, originPartition, originOffset, group, reason, message, field, dataset, refusedAt, omittedBytes,
    ]

    // On a replayed record, and on the mark that says so.
    /// The dead letter that was sent again.
    static let replayedFrom = "linefeed-replayed-from"
    /// What was refused: the place that a dead letter and its copies share.
    static let replayedOrigin = "linefeed-replayed-origin"
    static let ofReplay: Set<String> = [replayedFrom, replayedOrigin]

    // On marks alone; see `ReplayMark`.
    static let mark = "linefeed-mark"
    static let run = "linefeed-replay"
    static let destination = "linefeed-destination"

    // On a record of the form whose value is the line itself.
    static let project = EventDecoder.projectHeader.description
    static let datasetType = EventDecoder.datasetTypeHeader.description
}

extension RecordHeader {
    init(_ name: String, text: String) { self.init(name, Array(text.utf8)) }
}

extension [RecordHeader] {
    /// The last header of that name as text; nil where there is none, or a null one.
    func text(_ name: String) -> String? {
        last { $0.name == name }?.value.map { String(decoding: $0, as: UTF8.self) }
    }
}
