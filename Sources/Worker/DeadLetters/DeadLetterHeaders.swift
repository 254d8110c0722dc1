internal import Kafka
internal import Labelling
internal import Settlement

/// What a dead letter's headers say about where it came from and why it was refused.
struct DeadLetterHeaders {
    /// Bounded: fit for filters and metrics.
    let reason: String
    let message: String
    private let all: [RecordHeader]

    /// Bytes of a value that had to be left out.
    static let omittedBytes = "linefeed-omitted-bytes"
    /// Everything that a refusal says of a record.
    private static let names: Set<String> = [
        "linefeed-origin-topic", "linefeed-origin-partition", "linefeed-origin-offset", "linefeed-group",
        "linefeed-reason", "linefeed-message", "linefeed-field", "linefeed-dataset", omittedBytes,
    ]
    /// Scalars of a message at most: an endpoint may answer with a page.
    private static let messageLimit = 1000

    init(letter: DeadLetter, partition: Int32, dataset: DatasetKey?, topic: String, group: String) {
        var field: String?
        switch letter.cause {
        case .rejected(let rejection):
            reason = rejection.reason.rawValue
            message = rejection.description
            field = rejection.field
        case .refused(let cause, let text):
            reason = cause.rawValue
            message = String(String.UnicodeScalarView(text.unicodeScalars.prefix(Self.messageLimit)))
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
        own.filter { !Self.names.contains($0.name) } + all
    }
}
