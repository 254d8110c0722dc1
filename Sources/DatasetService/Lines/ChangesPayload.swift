/// The lines of one `Changes` payload, all of them good: an update applies all or none.
struct ChangesPayload: Sendable {
    /// In the payload's order, each `source-ref` once.
    let batch: LineBatch
    /// The bucket of all of them.
    let bucket: String

    /// Why a payload is refused whole; the message goes out as the dataset's `StatusMessage`.
    struct Rejection: Error, Sendable, Hashable {
        var message: String
    }

    /// Reads every line.
    init(_ bytes: [UInt8]) throws(Rejection) {
        var reader = LineReader()
        batch = LineBatch(bytes: bytes, lines: reader.read(bytes))
        guard reader.problems.isEmpty else {
            throw Rejection(message: "Nothing was applied: \(reader.problems.text).")
        }
        guard let bucket = reader.bucket else {
            throw Rejection(message: "Nothing was applied: the payload has no JSON Lines.")
        }
        self.bucket = bucket
    }
}

/// Lines together with the bytes that they stand in.
struct LineBatch: Sendable {
    let bytes: [UInt8]
    let lines: [EntryLine]

    /// The line as it came, without white space around it.
    func text(of line: EntryLine) -> String {
        String(decoding: bytes[line.range], as: UTF8.self)
    }
}
