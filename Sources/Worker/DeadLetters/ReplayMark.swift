internal import Kafka

/// What a replay notes in the dead-letter topic, as records without key and value.
enum ReplayMark: Equatable {
    /// The dead letter with this subject was sent again.
    case replayed(subject: RecordPlace, from: RecordPlace)
    /// A run begins; whatever it sends lies at or after these places.
    case started(ReplayRun)
    /// The run has noted everything that it sent.
    case finished(run: String)

    /// nil for a dead letter, and for a note that cannot be read.
    init?(_ headers: [RecordHeader]) {
        // What a record's sender wrote into its headers must not make its dead letter disappear.
        guard headers.text(DeadLetterHeader.reason) == nil, let kind = headers.text(DeadLetterHeader.mark) else {
            return nil
        }
        switch kind {
        case Self.replayedKind:
            guard let subject = headers.text(DeadLetterHeader.replayedOrigin).flatMap(RecordPlace.init),
                let from = headers.text(DeadLetterHeader.replayedFrom).flatMap(RecordPlace.init)
            else { return nil }
            self = .replayed(subject: subject, from: from)
        case Self.startedKind:
            guard let id = headers.text(DeadLetterHeader.run) else { return nil }
            let places = headers.filter { $0.name == DeadLetterHeader.destination }
                .compactMap { $0.value.flatMap { RecordPlace(String(decoding: $0, as: UTF8.self)) } }
            self = .started(ReplayRun(id: id, destinations: places))
        case Self.finishedKind:
            guard let id = headers.text(DeadLetterHeader.run) else { return nil }
            self = .finished(run: id)
        default: return nil
        }
    }

    var headers: [RecordHeader] {
        switch self {
        case .replayed(let subject, let from):
            [
                RecordHeader(DeadLetterHeader.mark, text: Self.replayedKind),
                RecordHeader(DeadLetterHeader.replayedOrigin, text: subject.description),
                RecordHeader(DeadLetterHeader.replayedFrom, text: from.description),
            ]
        case .started(let run):
            [
                RecordHeader(DeadLetterHeader.mark, text: Self.startedKind),
                RecordHeader(DeadLetterHeader.run, text: run.id),
            ] + run.destinations.map { RecordHeader(DeadLetterHeader.destination, text: $0.description) }
        case .finished(let id):
            [
                RecordHeader(DeadLetterHeader.mark, text: Self.finishedKind),
                RecordHeader(DeadLetterHeader.run, text: id),
            ]
        }
    }

    private static let replayedKind = "replayed"
    private static let startedKind = "replay-started"
    private static let finishedKind = "replay-finished"
}

/// One run of a replay.
struct ReplayRun: Sendable, Hashable {
    let id: String
    /// Where the logs that it sends to ended when it began.
    let destinations: [RecordPlace]
}
