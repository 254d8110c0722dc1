import LookoutVision

/// One JSON Line that a dataset may hold, and what the service must know of it.
///
/// Source of the rules: the developer guide's "JSON Lines" pages and real manifests. The identity of an entry is its
/// `source-ref`. What else the line says is kept as it came; of it only masks and their colour maps are judged.
package struct EntryLine: Sendable, Hashable {
    /// Where the line stands among the bytes that it was read from, without white space around it.
    let range: Range<Int>
    /// The value of `source-ref`, escapes decoded.
    package let sourceRef: String
    /// By the first metadata whose `type` is `groundtruth/image-classification`, whatever its name.
    package let imageClass: ImageClass
    /// The `creation-date` of that same metadata, where it is an ISO 8601 date.
    let creationDate: Timestamp?
    /// The attribute that a metadata of `type` `groundtruth/semantic-segmentation` is about: an `s3://` address in the
    /// bucket of the image.
    package let mask: String?

    /// Why a line is refused, worded to follow "line 7: ".
    package struct Problem: Error, Hashable {
        package var reason: String

        init(_ reason: String) {
            self.reason = reason
        }
    }

    /// Reads a line that has no white space around it.
    package init(_ text: String) throws(Problem) {
        let bytes = Array(text.utf8)
        try self.init(validated: bytes, range: 0..<bytes.count)
    }

    /// Reads the line in `range` of `bytes`, which is valid UTF-8 and has no white space around it.
    init(validated bytes: [UInt8], range: Range<Int>) throws(Problem) {
        try Self.checkLength(bytes, range)
        let members: LineMembers
        do {
            members = try LineMembers(bytes, range: range)
        } catch {
            throw Problem("not a JSON object: expected \(error.expected) at byte \(error.column)")
        }
        guard members.sourceRefCount > 0 else { throw Problem("no source-ref") }
        guard members.sourceRefCount == 1 else { throw Problem("more than one source-ref") }
        guard let sourceRef = members.sourceRef else { throw Problem("source-ref is not a string") }
        guard let bucket = S3Address.bucket(of: sourceRef) else {
            throw Problem("source-ref is not of the form s3://BUCKET/KEY")
        }
        if let problem = members.segmentationProblem { throw problem }
        mask = try Self.mask(members.masks, bucket: bucket)
        self.range = range
        self.sourceRef = sourceRef
        imageClass = members.className.map { ImageClass(className: $0) } ?? .unlabelled
        creationDate = members.creationDate.flatMap { Timestamp(iso8601: $0) }
    }

    /// The names of all of a line's members; nil where it is no JSON object.
    package static func attributeNames(of text: String) -> Set<String>? { LineMembers.names(of: text) }

    /// The bucket that `sourceRef` names.
    var bucket: String { S3Address.bucket(of: sourceRef).map(String.init) ?? "" }

    /// Whether `sourceRef` names this bucket.
    func isInBucket(_ name: String) -> Bool { S3Address.bucket(of: sourceRef).map { $0 == name } ?? false }

    private static func checkLength(_ bytes: [UInt8], _ range: Range<Int>) throws(Problem) {
        // A scalar takes at least one byte, so short lines need no count.
        guard range.count > Limits.entryCharacters.upperBound else { return }
        let characters = bytes[range].count { !UTF8.isContinuation($0) }
        guard characters <= Limits.entryCharacters.upperBound else {
            throw Problem("\(characters) characters, more than \(Limits.entryCharacters.upperBound)")
        }
    }

    private static func mask(
        _ masks: [LineMembers.Mask], bucket imageBucket: Substring
    ) throws(Problem) -> String? {
        var first: String?
        for mask in masks {
            guard let value = mask.value else { throw Problem("\(mask.attribute) is not a string, but it is a mask") }
            guard let bucket = S3Address.bucket(of: value) else {
                throw Problem("\(mask.attribute) is not of the form s3://BUCKET/KEY")
            }
            guard bucket == imageBucket else { throw Problem("\(mask.attribute) is in another bucket than its image") }
            first = first ?? value
        }
        return first
    }
}

/// `s3://BUCKET/KEY`
enum S3Address {
    /// The bucket's part; nil where the text is no such address.
    static func bucket(of text: String) -> Substring? {
        let utf8 = text.utf8
        // A control character is never part of a key that people mean, and SQLite would end the text at a NUL.
        guard utf8.starts(with: "s3://".utf8), utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7F }) else { return nil }
        let start = utf8.index(utf8.startIndex, offsetBy: 5)
        guard let slash = utf8[start...].firstIndex(of: UInt8(ascii: "/")), slash > start,
            utf8.index(after: slash) < utf8.endIndex
        else { return nil }
        return text[start..<slash]
    }
}
