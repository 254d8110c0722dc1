internal import Kafka
internal import Labelling
internal import Settlement

/// What a dead letter's headers say about where it came from and why it was refused.
struct DeadLetterHeaders {
    /// Bounded: fit for filters and metrics.
    let reason: String
    let message: String
    private let all: [RecordHeader]

    init(letter: DeadLetter, partition: Int32, dataset: DatasetKey?, topic: String, group: String) {
        var field: String?
        switch letter.cause {
        case .rejected(let rejection):
            reason = rejection.reason.rawValue
            message = rejection.description
            field = rejection.field
        case .refused(let cause, let text):
            reason = cause.rawValue
            message = text
        }
        var pairs = [
            ("linefeed-origin-topic", topic), ("linefeed-origin-partition", String(partition)),
            ("linefeed-origin-offset", String(letter.offset)), ("linefeed-group", group), ("linefeed-reason", reason),
            ("linefeed-message", message),
        ]
        if let field { pairs.append(("linefeed-field", field)) }
        if let dataset { pairs.append(("linefeed-dataset", dataset.description)) }
        all = pairs.map { RecordHeader($0.0, Array($0.1.utf8)) }
    }

    /// The record's own headers, then these; what an earlier refusal had said of the record is replaced.
    func added(to own: [RecordHeader]) -> [RecordHeader] {
        let names = Set(all.map(\.name))
        return own.filter { !names.contains($0.name) } + all
    }
}
