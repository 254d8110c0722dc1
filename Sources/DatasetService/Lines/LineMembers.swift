/// The members of a line that matter, found in one pass.
struct LineMembers {
    /// An attribute that a segmentation's metadata is about.
    struct Mask {
        var attribute: String
        /// nil where it is no string.
        var value: String?
    }

    private static let metadataSuffix = "-metadata"

    private(set) var sourceRefCount = 0
    private(set) var sourceRef: String?
    private(set) var className: String?
    private(set) var creationDate: String?
    private(set) var masks: [Mask] = []
    /// What is wrong with a segmentation's metadata.
    private(set) var segmentationProblem: EntryLine.Problem?
    private var hasClassification = false

    init(_ bytes: [UInt8], range: Range<Int>) throws(JSONScanner.SyntaxError) {
        var scanner = JSONScanner(bytes, range: range)
        var segmentations: [JSONScanner.StringToken] = []
        try scanner.enterObject()
        var isFirst = true
        while let key = try scanner.nextKey(isFirst: &isFirst) {
            if scanner.matches(key, "source-ref") {
                sourceRefCount += 1
                sourceRef = try scanner.readStringValue().flatMap(scanner.decode)
            } else if scanner.isAtObject() {
                if try readMetadata(&scanner) { segmentations.append(key) }
            } else {
                try scanner.skipValue()
            }
        }
        try scanner.expectEnd()
        for name in segmentations {
            guard let name = scanner.decode(name), name.hasSuffix(Self.metadataSuffix) else {
                problem("a semantic-segmentation metadata is not named after its mask: NAME-ref-metadata")
                continue
            }
            try findMask(String(name.dropLast(Self.metadataSuffix.count)), in: bytes, range)
        }
    }

    /// The names of all members, each once; nil where the text is no JSON object.
    static func names(of text: String) -> Set<String>? {
        let bytes = Array(text.utf8)
        var scanner = JSONScanner(bytes, range: 0..<bytes.count)
        var names: Set<String> = []
        do throws(JSONScanner.SyntaxError) {
            try scanner.enterObject()
            var isFirst = true
            while let key = try scanner.nextKey(isFirst: &isFirst) {
                if let name = scanner.decode(key) { names.insert(name) }
                try scanner.skipValue()
            }
            try scanner.expectEnd()
        } catch {
            return nil
        }
        return names
    }

    private mutating func problem(_ reason: String) {
        if segmentationProblem == nil { segmentationProblem = EntryLine.Problem(reason) }
    }

    /// - Returns: Whether it is about a mask.
    private mutating func readMetadata(_ scanner: inout JSONScanner) throws(JSONScanner.SyntaxError) -> Bool {
        var type: JSONScanner.StringToken?
        var name: JSONScanner.StringToken?
        var date: JSONScanner.StringToken?
        var colourProblem: String?
        try scanner.enterObject()
        var isFirst = true
        while let key = try scanner.nextKey(isFirst: &isFirst) {
            if scanner.matches(key, "type") {
                type = try scanner.readStringValue()
            } else if scanner.matches(key, "class-name") {
                name = try scanner.readStringValue()
            } else if scanner.matches(key, "creation-date") {
                date = try scanner.readStringValue()
            } else if scanner.matches(key, "internal-color-map") {
                colourProblem = try ColourMap.problem(&scanner)
            } else {
                try scanner.skipValue()
            }
        }
        guard let type else { return false }
        if scanner.matches(type, "groundtruth/semantic-segmentation") {
            if let colourProblem { problem(colourProblem) }
            return true
        }
        // `groundtruth/label-verification` has a class-name too; it is about the label, not about the image.
        guard !hasClassification, scanner.matches(type, "groundtruth/image-classification") else { return false }
        hasClassification = true
        className = name.flatMap(scanner.decode)
        creationDate = date.flatMap(scanner.decode)
        return false
    }

    /// Attribute and metadata come in any order, so the attribute is looked for once it is known to be a mask.
    private mutating func findMask(
        _ attribute: String, in bytes: [UInt8], _ range: Range<Int>
    ) throws(JSONScanner.SyntaxError) {
        var scanner = JSONScanner(bytes, range: range)
        try scanner.enterObject()
        var isFirst = true
        while let key = try scanner.nextKey(isFirst: &isFirst) {
            guard scanner.decode(key) == attribute else {
                try scanner.skipValue()
                continue
            }
            masks.append(Mask(attribute: attribute, value: try scanner.readStringValue().flatMap(scanner.decode)))
            return
        }
        problem("\(attribute)\(Self.metadataSuffix) is about a mask, but there is no \(attribute)")
    }
}

/// `internal-color-map`: a class for each colour of a mask.
///
/// Judged no stricter than real manifests are written: the guide's BACKGROUND and confidence may be absent, and keys may
/// be any.
private enum ColourMap {
    /// What is wrong with the map that comes next; steps over it in any case.
    static func problem(_ scanner: inout JSONScanner) throws(JSONScanner.SyntaxError) -> String? {
        guard scanner.isAtObject() else {
            try scanner.skipValue()
            return "internal-color-map is not an object"
        }
        var problem: String?
        try scanner.enterObject()
        var isFirst = true
        while let key = try scanner.nextKey(isFirst: &isFirst) {
            guard let found = try classProblem(&scanner) else { continue }
            problem = problem ?? "internal-color-map \(scanner.decode(key) ?? "?") \(found)"
        }
        return problem
    }

    private static func classProblem(_ scanner: inout JSONScanner) throws(JSONScanner.SyntaxError) -> String? {
        guard scanner.isAtObject() else {
            try scanner.skipValue()
            return "is not an object"
        }
        var hasName = false
        var hasColour = false
        try scanner.enterObject()
        var isFirst = true
        while let key = try scanner.nextKey(isFirst: &isFirst) {
            if scanner.matches(key, "class-name") {
                hasName = try scanner.readStringValue() != nil
            } else if scanner.matches(key, "hex-color") {
                hasColour = try scanner.readStringValue().flatMap(scanner.decode).map(isColour) ?? false
            } else {
                try scanner.skipValue()
            }
        }
        if !hasName { return "has no class-name" }
        return hasColour ? nil : "has no hex-color such as #2ca02c"
    }

    private static func isColour(_ text: String) -> Bool {
        text.utf8.count == 7 && text.utf8.first == UInt8(ascii: "#")
            && text.dropFirst().allSatisfy { $0.isASCII && $0.isHexDigit }
    }
}
