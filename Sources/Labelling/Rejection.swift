/// Why a record is no labelling event: the content of its dead letter.
///
/// A rejection is final: the same bytes are rejected for the same reason by every worker, so that a replay settles what
/// was settled before.
package struct Rejection: Error, Hashable, Sendable, CustomStringConvertible {
    /// The kinds of fault. Few and fixed, so the raw value serves as a metric's label and as a header.
    package enum Reason: String, Hashable, Sendable, CaseIterable {
        /// The value is not one valid JSON text in UTF-8.
        case notJSON = "not-json"
        /// Valid, but containers are nested deeper than `EventDecoder.maximumDepth`.
        case tooDeep = "too-deep"
        /// The value or the line it makes is longer than may be.
        case tooLong = "too-long"
        case missingField = "missing-field"
        case wrongType = "wrong-type"
        /// Of the right type, but not a value that the field may have.
        case badValue = "bad-value"
        /// A field of the short form that nobody reads; most likely a misspelt one.
        case unknownField = "unknown-field"
        /// A field that decides something is there twice, and readers disagree on which one counts.
        case duplicateField = "duplicate-field"
        /// The value may be read as two of the forms, with different results.
        case ambiguousForm = "ambiguous-form"
    }

    package let reason: Reason
    /// What is at fault: a path in the value (`entry.source-ref`, `classes[2].color`), a header's name, or `value`.
    /// Printable ASCII, at most `maximumFieldLength` bytes.
    package let field: String
    /// For people. Quotes at most a short excerpt of the record.
    package let message: String

    package static let maximumFieldLength = 64

    package init(_ reason: Reason, _ field: String, _ message: String) {
        self.reason = reason
        self.field = field
        self.message = message
    }

    package var description: String { "\(reason.rawValue): \(field): \(message)" }

    /// The beginning of `text`, fit for a log line or a header: printable ASCII, the rest as "?".
    static func excerpt(_ text: some Sequence<UInt8>, limit: Int = 40) -> String {
        let head = Array(text.prefix(limit + 1))
        var shown = head.prefix(limit).map { (0x20..<0x7F).contains($0) ? $0 : UInt8(ascii: "?") }
        if head.count > limit { shown += "...".utf8 }
        return String(decoding: shown, as: UTF8.self)
    }
}
