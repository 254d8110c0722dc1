internal import Kafka
internal import Settlement

/// One dead letter on its way to the topic: the record as it was, and headers that say why it is there.
struct DeadLetterMessage: Sendable {
    let offset: Int64
    let key: [UInt8]?
    let value: [UInt8]?
    let timestampMilliseconds: Int64?
    let headers: DeadLetterHeaders
    private(set) var allHeaders: [RecordHeader]

    /// The record is nil where the log no longer holds it; the entry that was sent then stands in for its value.
    init(letter: DeadLetter, record: StoredRecord?, headers: DeadLetterHeaders) {
        offset = letter.offset
        key = record?.key
        value = record == nil ? letter.line : record?.value
        timestampMilliseconds = record?.timestampMilliseconds
        self.headers = headers
        allHeaders = headers.added(to: record?.headers ?? [])
    }

    private init(withoutValue other: DeadLetterMessage) {
        offset = other.offset
        key = other.key
        value = nil
        timestampMilliseconds = other.timestampMilliseconds
        headers = other.headers
        let size = String(other.value?.count ?? 0)
        allHeaders = other.allHeaders + [RecordHeader(DeadLetterHeaders.omittedBytes, Array(size.utf8))]
    }

    /// For a topic that does not take the whole: the origin headers say where the value still stands.
    var withoutValue: DeadLetterMessage { DeadLetterMessage(withoutValue: self) }
}
