internal import FoundationEssentials
internal import Kafka
internal import Worker

/// A dead letter as JSON: bytes are text where they are UTF-8, else base64 under a name that says so.
struct DeadLetterDocument: Encodable {
    struct Place: Encodable {
        var topic: String
        var partition: Int32
        var offset: Int64

        init(_ place: RecordPlace) {
            topic = place.topic
            partition = place.partition
            offset = place.offset
        }
    }

    struct Header: Encodable {
        var name: String
        var value: String?
        var valueBase64: String?

        init(_ header: RecordHeader) {
            name = header.name
            (value, valueBase64) = DeadLetterDocument.text(header.value)
        }
    }

    var partition: Int32
    var offset: Int64
    /// ISO 8601, UTC.
    var refusedAt: String?
    var reason: String?
    var field: String?
    var message: String?
    var dataset: String?
    var group: String?
    var origin: Place?
    var copies: Int
    var replayed: Bool
    /// The original record's, milliseconds since 1970.
    var timestamp: Int64?
    /// Neither this nor `keyBase64`: a null key. The value likewise.
    var key: String?
    var keyBase64: String?
    var value: String?
    var valueBase64: String?
    /// The value's length, where it was too large for the dead-letter topic.
    var omittedBytes: Int?
    /// As they stand on the dead letter, those of the refusal included.
    var headers: [Header]

    init(_ letter: StoredDeadLetter) {
        let facts = letter.facts
        partition = facts.place.partition
        offset = facts.place.offset
        refusedAt = facts.refusedAt.map { milliseconds in
            Date(timeIntervalSince1970: Double(milliseconds) / 1000)
                .formatted(Date.ISO8601FormatStyle(includingFractionalSeconds: true))
        }
        reason = facts.reason
        field = facts.field
        message = facts.message
        dataset = facts.dataset
        group = facts.group
        origin = facts.origin.map(Place.init)
        copies = letter.copies
        replayed = letter.isReplayed
        timestamp = letter.record.timestampMilliseconds
        (key, keyBase64) = Self.text(letter.record.key)
        (value, valueBase64) = Self.text(letter.record.value)
        omittedBytes = facts.omittedBytes
        headers = letter.record.headers.map(Header.init)
    }

    func line() throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return String(decoding: try encoder.encode(self), as: UTF8.self)
    }

    private static func text(_ bytes: [UInt8]?) -> (text: String?, base64: String?) {
        guard let bytes else { return (nil, nil) }
        if let text = String(validating: bytes, as: UTF8.self) { return (text, nil) }
        return (nil, Data(bytes).base64EncodedString())
    }
}
