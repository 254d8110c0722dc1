/// What one walk over a value found: that it is JSON from end to end, and where the fields are that a decoder reads.
struct Outline {
    /// The top-level fields that mean something in one form or another.
    enum Field: Int {
        case project, datasetType, entry, sourceRef
        // The short form's own, from here on.
        case image, label, labelledAt, labeller, confidence, mask, classes

        var name: String {
            switch self {
            case .sourceRef: "source-ref"
            default: "\(self)"
            }
        }

        fileprivate var bit: UInt16 { 1 << UInt16(rawValue) }

        @inline(__always)
        fileprivate init?(name: UnsafeRawBufferPointer) {
            switch name.count {
            case 4 where name.equals("mask"): self = .mask
            case 5 where name.equals("entry"): self = .entry
            case 5 where name.equals("image"): self = .image
            case 5 where name.equals("label"): self = .label
            case 7 where name.equals("project"): self = .project
            case 7 where name.equals("classes"): self = .classes
            case 8 where name.equals("labeller"): self = .labeller
            case 10 where name.equals("source-ref"): self = .sourceRef
            case 10 where name.equals("labelledAt"): self = .labelledAt
            case 10 where name.equals("confidence"): self = .confidence
            case 11 where name.equals("datasetType"): self = .datasetType
            default: return nil
            }
        }
    }

    let tokens: JSONTokens
    /// The value's own tokens: all there are.
    var all: ClosedRange<Int> { 0...(tokens.count - 1) }
    /// Whether the value is an object; where it is not, nothing else is found.
    let isObject: Bool
    /// The name of a top-level field that no form has, where there is one.
    private(set) var unknownName: Int?
    /// The value of `entry`'s own `source-ref`.
    private(set) var entrySourceRef: Int?
    private(set) var entryRepeatsSourceRef = false
    /// The tokens of `entry`'s value.
    private(set) var entry: ClosedRange<Int>?

    // A vector serves as an array that needs no allocation: one lane per field, -1 where the field is missing.
    private var values = SIMD16<Int32>(repeating: -1)
    // One bit per field.
    private var present: UInt16 = 0
    private var repeated: UInt16 = 0

    /// Checks the whole text.
    init(_ tokens: JSONTokens) throws(JSONFault) {
        self.tokens = tokens
        isObject = tokens[0] == UInt8(ascii: "{")
        let end: Int
        if isObject {
            end = try readValue()
        } else {
            if tokens[0] == 0xEF { throw JSONFault(.byteOrderMark, at: 0) }
            end = try tokens.check(0, depth: 0)
        }
        guard end == tokens.count else { throw JSONFault(.trailingContent, at: tokens.start(end)) }
    }

    /// The first token of a field's value; of the last one, where the field is repeated.
    subscript(field: Field) -> Int? {
        let token = values[field.rawValue]
        return token < 0 ? nil : Int(token)
    }

    /// Whether the field is there more than once.
    func repeats(_ field: Field) -> Bool { repeated & field.bit != 0 }

    /// A field that is there more than once.
    var repeatedField: Field? { Self.first(of: repeated) }

    /// A field that says by itself what an entry would say too.
    var fieldBesideEntry: Field? { Self.first(of: present & ~(Field.sourceRef.bit - 1)) }

    /// Whether a field of the short form is there.
    var hasShortForm: Bool { present >= Field.image.bit }

    private static func first(of fields: UInt16) -> Field? { Field(rawValue: fields.trailingZeroBitCount) }

    private mutating func readValue() throws(JSONFault) -> Int {
        let tokens = tokens
        return try tokens.members(0) { name, value throws(JSONFault) in
            guard let field = tokens.field(name) else {
                if unknownName == nil { unknownName = name }
                return try tokens.check(value, depth: 1)
            }
            repeated |= present & field.bit
            present |= field.bit
            values[field.rawValue] = Int32(truncatingIfNeeded: value)
            guard field == .entry else { return try tokens.check(value, depth: 1) }
            let next = try readEntry(value)
            entry = value...(next - 1)
            return next
        }
    }

    private mutating func readEntry(_ token: Int) throws(JSONFault) -> Int {
        let tokens = tokens
        guard tokens[token] == UInt8(ascii: "{") else { return try tokens.check(token, depth: 1) }
        return try tokens.members(token) { name, value throws(JSONFault) in
            if tokens.isSourceRef(name) {
                if entrySourceRef != nil { entryRepeatsSourceRef = true }
                entrySourceRef = value
            }
            return try tokens.check(value, depth: 2)
        }
    }
}

// The names of members. (Not methods of an outline, which would be copied for each while it is filled.)
extension JSONTokens {
    @inline(__always)
    fileprivate func isSourceRef(_ name: Int) -> Bool {
        hasEscapes ? field(name) == .sourceRef : stringContent(name).equals("source-ref")
    }

    @inline(__always)
    fileprivate func field(_ name: Int) -> Outline.Field? {
        let content = stringContent(name)
        if let field = Outline.Field(name: content) { return field }
        return hasEscapes ? fieldOfEscapedName(content) : nil
    }

    /// A name may be written with escapes, and to every reader of JSON it is the same name.
    private func fieldOfEscapedName(_ content: UnsafeRawBufferPointer) -> Outline.Field? {
        let longest = 11 * 6
        guard content.count <= longest, JSONString.hasEscape(content) else { return nil }
        return withUnsafeTemporaryAllocation(of: UInt8.self, capacity: longest) { buffer in
            guard let base = buffer.baseAddress else { return nil }
            let count = JSONString.unescape(content, into: base)
            return Outline.Field(name: UnsafeRawBufferPointer(start: base, count: count))
        }
    }
}
