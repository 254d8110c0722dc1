internal import Kafka
internal import Labelling
internal import Settlement

/// What a dead letter's headers say about where it came from and why it was refused.
struct DeadLetterHeaders {
    /// Bounded: fit for filters and metrics.
    let reason: String
    let message: String
    private let all: [RecordHeader]

    /// Scalars of a message at most: an endpoint may answer with a page.
    private static let messageLimit = 1000

    /// `refusedAt`: milliseconds since 1970.
    init(
        letter: DeadLetter, partition: Int32, dataset: DatasetKey?, topic: String, group: String, refusedAt: Int64
    ) {
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
            (DeadLetterHeader.originTopic, topic), (DeadLetterHeader.originPartition, String(partition)),
            (DeadLetterHeader.originOffset, String(letter.offset)), (DeadLetterHeader.group, group),
            (DeadLetterHeader.reason, reason), (DeadLetterHeader.message, message),
            (DeadLetterHeader.refusedAt, String(refusedAt)),
        ]
        if let field { pairs.append((DeadLetterHeader.field, field)) }
        if let dataset { pairs.append((DeadLetterHeader.dataset, dataset.description)) }
        all = pairs.map { RecordHeader($0.0, text: $0.1) }
    }

    /// The record's own headers, then these; what an earlier refusal had said of the record is replaced.
    func added(to own: [RecordHeader]) -> [RecordHeader] {
        own.filter { !DeadLetterHeader.ofRefusal.contains($0.name) } + all
    }
}
