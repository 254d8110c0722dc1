import LookoutVision

/// One JSON Line that a dataset may hold, and what the service must know of it.
///
/// Source of the rules: the developer guide's "JSON Lines" pages and real manifests. The identity of an entry is its
/// `source-ref`; what else the line says (labels, masks, colour maps) is kept as it came and not judged.
struct EntryLine: Sendable, Hashable {
    /// The line as it came, without white space around it.
    var text: String
    /// The value of `source-ref`, escapes decoded.
    var sourceRef: String
    /// The bucket that `sourceRef` names.
    var bucket: String
    /// By the first metadata whose `type` is `groundtruth/image-classification`, whatever its name.
    var imageClass: ImageClass
    /// The `creation-date` of that same metadata, where it is an ISO 8601 date.
    var creationDate: Timestamp?

    /// Why a line is refused, worded to follow "line 7: ".
    struct Problem: Error, Hashable {
        var reason: String

        init(_ reason: String) {
            self.reason = reason
        }
    }

    /// Reads the line in `range` of `bytes`, which has no white space around it.
    init(_ bytes: [UInt8], range: Range<Int>) throws(Problem) {
        guard let text = String(validating: bytes[range], as: UTF8.self) else { throw Problem("not valid UTF-8") }
        // A scalar takes at least one byte, so short lines need no count.
        if range.count > Limits.entryCharacters.upperBound {
            let characters = text.unicodeScalars.count
            guard characters <= Limits.entryCharacters.upperBound else {
                throw Problem("\(characters) characters, more than \(Limits.entryCharacters.upperBound)")
            }
        }
        var members: Members
        do {
            members = try Members(bytes, range: range)
        } catch {
            throw Problem("not a JSON object: expected \(error.expected) at byte \(error.column)")
        }
        guard members.sourceRefCount > 0 else { throw Problem("no source-ref") }
        guard members.sourceRefCount == 1 else { throw Problem("more than one source-ref") }
        guard let sourceRef = members.sourceRef else { throw Problem("source-ref is not a string") }
        self.text = text
        self.sourceRef = sourceRef
        bucket = try Self.bucket(of: sourceRef)
        imageClass = members.className.map { ImageClass(className: $0) } ?? .unlabelled
        creationDate = members.creationDate.flatMap { Timestamp(iso8601: $0) }
    }

    private static func bucket(of sourceRef: String) throws(Problem) -> String {
        // A control character is never part of a key that people mean, and SQLite would end the text at a NUL.
        guard sourceRef.hasPrefix("s3://"), sourceRef.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7F }) else {
            throw Problem("source-ref is not of the form s3://BUCKET/KEY")
        }
        let parts = sourceRef.dropFirst("s3://".count).split(
            separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2, !parts[0].isEmpty, !parts[1].isEmpty else {
            throw Problem("source-ref is not of the form s3://BUCKET/KEY")
        }
        return String(parts[0])
    }
}

/// The members of a line that matter, found in one pass.
private struct Members {
    var sourceRefCount = 0
    var sourceRef: String?
    var className: String?
    var creationDate: String?
    private var hasClassification = false

    init(_ bytes: [UInt8], range: Range<Int>) throws(JSONScanner.SyntaxError) {
        var scanner = JSONScanner(bytes, range: range)
        try scanner.enterObject()
        var isFirst = true
        while let key = try scanner.nextKey(isFirst: &isFirst) {
            if scanner.matches(key, "source-ref") {
                sourceRefCount += 1
                sourceRef = try scanner.readStringValue().flatMap(scanner.decode)
            } else if scanner.isAtObject() {
                try readMetadata(&scanner)
            } else {
                try scanner.skipValue()
            }
        }
        try scanner.expectEnd()
    }

    private mutating func readMetadata(_ scanner: inout JSONScanner) throws(JSONScanner.SyntaxError) {
        var type: JSONScanner.StringToken?
        var name: JSONScanner.StringToken?
        var date: JSONScanner.StringToken?
        try scanner.enterObject()
        var isFirst = true
        while let key = try scanner.nextKey(isFirst: &isFirst) {
            if scanner.matches(key, "type") {
                type = try scanner.readStringValue()
            } else if scanner.matches(key, "class-name") {
                name = try scanner.readStringValue()
            } else if scanner.matches(key, "creation-date") {
                date = try scanner.readStringValue()
            } else {
                try scanner.skipValue()
            }
        }
        // `groundtruth/label-verification` has a class-name too; it is about the label, not about the image.
        guard !hasClassification, let type, scanner.matches(type, "groundtruth/image-classification") else { return }
        hasClassification = true
        className = name.flatMap(scanner.decode)
        creationDate = date.flatMap(scanner.decode)
    }
}
