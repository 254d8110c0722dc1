/// The lines of one `Changes` payload, all of them good: an update applies all or none.
struct ChangesPayload: Sendable {
    /// In the payload's order, each `source-ref` once.
    var lines: [EntryLine]
    /// The bucket of all of them.
    var bucket: String

    /// Why a payload is refused whole; the message goes out as the dataset's `StatusMessage`.
    struct Rejection: Error, Sendable, Hashable {
        var message: String
    }

    /// How many bad lines a message spells out before it only counts.
    private static let problemsNamed = 3

    /// Reads every line; blank ones are passed over but counted, so that numbers are those of an editor.
    ///
    /// Takes time in proportion to the payload and never waits.
    init(_ bytes: [UInt8]) throws(Rejection) {
        lines = []
        bucket = ""
        var lineOfSourceRef: [String: Int] = [:]
        var problems = ProblemList(limit: Self.problemsNamed)
        var number = 0
        var start = 0
        while start < bytes.count {
            let stop = bytes[start...].firstIndex(of: UInt8(ascii: "\n")) ?? bytes.count
            number += 1
            let range = Self.trimmed(bytes, start..<stop)
            start = stop + 1
            if range.isEmpty { continue }
            do throws(EntryLine.Problem) {
                let line = try EntryLine(bytes, range: range)
                if let earlier = lineOfSourceRef.updateValue(number, forKey: line.sourceRef) {
                    throw EntryLine.Problem("the same source-ref as line \(earlier)")
                }
                if bucket.isEmpty { bucket = line.bucket }
                guard line.bucket == bucket else {
                    throw EntryLine.Problem("another bucket than the lines before it; a dataset has one")
                }
                lines.append(line)
            } catch {
                problems.add(line: number, error.reason)
            }
        }
        if let message = problems.message { throw Rejection(message: message) }
        guard !lines.isEmpty else { throw Rejection(message: "Nothing was applied: the payload has no JSON Lines.") }
    }

    private static func trimmed(_ bytes: [UInt8], _ range: Range<Int>) -> Range<Int> {
        func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 || byte == 0x0D }
        var (first, last) = (range.lowerBound, range.upperBound)
        while first < last, isBlank(bytes[first]) { first += 1 }
        while first < last, isBlank(bytes[last - 1]) { last -= 1 }
        return first..<last
    }
}

/// The first few bad lines and the number of the rest.
private struct ProblemList {
    let limit: Int
    private var named: [String] = []
    private var count = 0

    init(limit: Int) {
        self.limit = limit
    }

    mutating func add(line: Int, _ reason: String) {
        count += 1
        if named.count < limit { named.append("line \(line): \(reason)") }
    }

    var message: String? {
        guard count > 0 else { return nil }
        let rest = count > named.count ? "; and \(count - named.count) more" : ""
        return "Nothing was applied: " + named.joined(separator: "; ") + rest + "."
    }
}
