import LookoutVision

/// Reads JSON Lines, as much of them at a time as the caller has, and sees to what has to hold among all of them: each
/// `source-ref` once, all images in one bucket.
///
/// Takes time in proportion to the bytes and never waits. Remembers every `source-ref` it has read.
struct LineReader {
    /// The bucket of all good lines so far.
    private(set) var bucket: String?
    /// What was wrong so far.
    private(set) var problems = ProblemList()
    /// Good lines so far.
    var count: Int { lineOfSourceRef.count }

    private var number = 0
    private var lineOfSourceRef: [String: Int] = [:]

    /// Reads whole lines; blank ones are passed over but counted, so that numbers are those of an editor.
    ///
    /// - Returns: The good ones, in their order.
    mutating func read(_ bytes: [UInt8]) -> [EntryLine] {
        var lines: [EntryLine] = []
        // One look at all of it is cheaper than one at each line.
        let isValid = Self.isUTF8(bytes, 0..<bytes.count)
        var start = 0
        while start < bytes.count {
            let stop = Self.endOfLine(bytes, from: start)
            number += 1
            let range = Self.trimmed(bytes, start..<stop)
            start = stop + 1
            if range.isEmpty { continue }
            do throws(EntryLine.Problem) {
                guard isValid || Self.isUTF8(bytes, range) else { throw EntryLine.Problem("not valid UTF-8") }
                let line = try EntryLine(validated: bytes, range: range)
                try check(line)
                lines.append(line)
            } catch {
                problems.add(line: number, error.reason)
            }
        }
        return lines
    }

    /// Counts a line that is not read any more because of its length.
    mutating func passOverLongLine() {
        number += 1
        problems.add(line: number, "more than \(Limits.entryCharacters.upperBound) characters")
    }

    private mutating func check(_ line: EntryLine) throws(EntryLine.Problem) {
        if let bucket, !line.isInBucket(bucket) {
            throw EntryLine.Problem("another bucket than the lines before it; a dataset has one")
        }
        if let earlier = lineOfSourceRef[line.sourceRef] {
            throw EntryLine.Problem("the same source-ref as line \(earlier)")
        }
        lineOfSourceRef[line.sourceRef] = number
        if bucket == nil { bucket = line.bucket }
    }

    private static func isUTF8(_ bytes: [UInt8], _ range: Range<Int>) -> Bool {
        (try? UTF8Span(validating: bytes.span.extracting(range))) != nil
    }

    private static func endOfLine(_ bytes: [UInt8], from start: Int) -> Int {
        bytes[start...].firstIndex(of: UInt8(ascii: "\n")) ?? bytes.count
    }

    private static func trimmed(_ bytes: [UInt8], _ range: Range<Int>) -> Range<Int> {
        func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 || byte == 0x0D }
        var (first, last) = (range.lowerBound, range.upperBound)
        while first < last, isBlank(bytes[first]) { first += 1 }
        while first < last, isBlank(bytes[last - 1]) { last -= 1 }
        return first..<last
    }
}
