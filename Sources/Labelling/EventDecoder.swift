import LookoutVision

/// What a record turned out to be.
package enum DecodedRecord {
    case event(LabellingEvent)
    /// No value at all: nothing to do but to count it.
    case tombstone
    case rejected(Rejection)
}

/// Turns records into labelling events: one pass over the value and, in the steady state, no allocation.
///
/// The three forms are told apart by their fields, as the design has it: an envelope with `entry`, the short form with
/// `image` and `label`, or the JSON Line itself with project and type in the headers. Whatever the form, the value has
/// been checked as JSON from end to end before any event comes of it, and which bytes are refused, and why, depends on
/// the record alone.
///
/// Keeps a parser and buffers, and its events borrow them until `recycle`: for one thread at a time.
package struct EventDecoder: ~Copyable, Sendable {
    /// How deep objects and arrays may be nested in a value.
    package static let maximumDepth = 64
    /// The longest value that is looked at, in bytes. Far above any line, since an envelope's other fields count too.
    package static let maximumValueBytes = 16 << 20
    /// The headers that give project and type where the value is the JSON Line itself.
    package static let projectHeader: StaticString = "linefeed-project"
    package static let datasetTypeHeader: StaticString = "linefeed-dataset-type"

    /// Which of simdjson's implementations this processor runs ("icelake", "haswell", "arm64", "fallback", …): worth a
    /// word in a log, since the speed of decoding depends on it.
    package static var implementation: String { TokenIndexer.implementation }

    private var indexer = TokenIndexer()
    /// Where the tokens of events begin.
    private var tokenStarts = Scratch()
    /// The texts that had escapes, resolved.
    private var texts = Scratch()
    /// The lines made of short forms.
    private var lines = Scratch()
    /// The classes of the short form's mask.
    private var classes: [ShortForm.Class] = []

    package init() {}

    /// Takes back what all events made so far have borrowed: none of them may be looked at again.
    package mutating func recycle() {
        tokenStarts.recycle()
        texts.recycle()
        lines.recycle()
        indexer.recycle()
    }

    /// Decodes a record. What comes of it is valid until `recycle`, and while the record's own memory lives.
    ///
    /// A header that the record does not have is nil; a value that is nil is a tombstone, while an empty one is a fault.
    package mutating func decode(
        value: UnsafeRawBufferPointer?, projectHeader: UnsafeRawBufferPointer?,
        datasetTypeHeader: UnsafeRawBufferPointer?
    ) -> DecodedRecord {
        guard let value else { return .tombstone }
        do throws(Rejection) {
            switch (projectHeader, datasetTypeHeader) {
            case (nil, nil): return .event(try decodeSelfContained(value))
            case (let project?, let type?): return .event(try decodeLine(value, project: project, type: type))
            case (nil, .some):
                throw Rejection(
                    .missingField, Self.projectHeader.description,
                    "the header is missing, though \(Self.datasetTypeHeader) is there")
            case (.some, nil):
                throw Rejection(
                    .missingField, Self.datasetTypeHeader.description,
                    "the header is missing, though \(Self.projectHeader) is there")
            }
        } catch {
            return .rejected(error)
        }
    }

    /// The header form: the value is the line, whatever other fields it has.
    private mutating func decodeLine(
        _ value: UnsafeRawBufferPointer, project: UnsafeRawBufferPointer, type: UnsafeRawBufferPointer
    ) throws(Rejection) -> LabellingEvent {
        try Self.checkProject(project, field: Self.projectHeader.description)
        let type = try Self.datasetType(type, field: Self.datasetTypeHeader.description)
        let outline = try outline(value)
        guard let sourceRef = outline[.sourceRef] else {
            if outline[.entry] != nil || outline[.image] != nil {
                throw Rejection(
                    .ambiguousForm, Self.projectHeader.description,
                    "the headers say that the value is a JSON Line, but it has no source-ref and names a dataset itself"
                )
            }
            throw Rejection(.missingField, Outline.Field.sourceRef.name, "a JSON Line needs the image's source-ref")
        }
        if outline.repeats(.sourceRef) { throw Self.duplicate("source-ref") }
        let reference = try reference(sourceRef, outline.tokens, field: "source-ref")
        try Self.checkLength(outline.tokens, outline.all, field: "value")
        return event(project, type, reference, outline, line: outline.all)
    }

    /// A value that says itself which dataset it is for: the envelope or the short form.
    private mutating func decodeSelfContained(_ value: UnsafeRawBufferPointer) throws(Rejection) -> LabellingEvent {
        let outline = try outline(value)
        if let field = outline.repeatedField { throw Self.duplicate(field.name) }
        let project = try text(.project, outline)
        try Self.checkProject(project, field: "project")
        let type = try Self.datasetType(try text(.datasetType, outline), field: "datasetType")

        guard let entry = outline.entry else {
            guard outline.hasShortForm else {
                throw Rejection(.missingField, "entry", "there is neither an entry nor an image with its label")
            }
            if outline[.sourceRef] != nil {
                throw Rejection(
                    .ambiguousForm, "source-ref", "a source-ref beside the short form: which of them counts?")
            }
            let sourceRef = try writeShortForm(outline)
            return LabellingEvent(project: project, type: type, sourceRef: sourceRef, compactLine: lines.bytes)
        }
        if let field = outline.fieldBesideEntry {
            throw Rejection(.ambiguousForm, field.name, "\(field.name) beside an entry: which of them counts?")
        }
        guard outline.tokens[entry.lowerBound] == UInt8(ascii: "{") else {
            throw Rejection(.wrongType, "entry", "an entry is an object")
        }
        guard let sourceRef = outline.entrySourceRef else {
            throw Rejection(.missingField, "entry.source-ref", "an entry needs the image's source-ref")
        }
        if outline.entryRepeatsSourceRef { throw Self.duplicate("entry.source-ref") }
        let reference = try reference(sourceRef, outline.tokens, field: "entry.source-ref")
        try Self.checkLength(outline.tokens, entry, field: "entry")
        return event(project, type, reference, outline, line: entry)
    }

    /// The event of a line that came as it is. White space is taken out when the line is written, for which its tokens are
    /// needed once more.
    private mutating func event(
        _ project: UnsafeRawBufferPointer, _ type: DatasetType, _ sourceRef: UnsafeRawBufferPointer, _ outline: Outline,
        line: ClosedRange<Int>
    ) -> LabellingEvent {
        guard outline.tokens.hasBlanks else {
            return LabellingEvent(
                project: project, type: type, sourceRef: sourceRef, compactLine: outline.tokens.text(line))
        }
        return LabellingEvent(
            project: project, type: type, sourceRef: sourceRef, tokens: outline.tokens.keepingStarts(in: &tokenStarts),
            line: line)
    }

    private mutating func writeShortForm(_ outline: Outline) throws(Rejection) -> UnsafeRawBufferPointer {
        let form = try ShortForm(outline, texts: &texts, classes: &classes)
        form.write(into: &lines)
        let limit = Limits.entryCharacters.upperBound
        guard lines.count <= limit || Self.scalarCount(lines.bytes) <= limit else {
            throw Rejection(.tooLong, "value", "the line that it makes is longer than \(limit) characters")
        }
        return form.sourceRef
    }

    // (Inlined, since an outline is large: it is made where it is used.)
    @inline(__always)
    private mutating func outline(_ value: UnsafeRawBufferPointer) throws(Rejection) -> Outline {
        guard value.count <= Self.maximumValueBytes else {
            throw Rejection(.tooLong, "value", "\(value.count) bytes, more than \(Self.maximumValueBytes)")
        }
        let outline: Outline
        do throws(JSONFault) {
            outline = try Outline(try indexer.index(value))
        } catch {
            let reason = error.kind == .tooDeep ? Rejection.Reason.tooDeep : .notJSON
            throw Rejection(reason, "value", "the value is not as JSON has to be: \(error.message)")
        }
        guard outline.isObject else { throw Rejection(.wrongType, "value", "the value is not an object") }
        // Texts with their escapes resolved are never longer than with them, and each is resolved once.
        texts.begin(room: outline.tokens.hasEscapes ? value.count : 0)
        return outline
    }

    private mutating func text(_ field: Outline.Field, _ outline: Outline) throws(Rejection) -> UnsafeRawBufferPointer {
        guard let token = outline[field] else {
            let hint =
                outline[.sourceRef] == nil
                ? "" : "; a JSON Line by itself needs the headers \(Self.projectHeader) and \(Self.datasetTypeHeader)"
            throw Rejection(.missingField, field.name, "the field is missing\(hint)")
        }
        return try outline.tokens.string(token, field: field.name, texts: &texts)
    }

    private mutating func reference(
        _ token: Int, _ tokens: JSONTokens, field: String
    ) throws(Rejection) -> UnsafeRawBufferPointer {
        let reference = try tokens.string(token, field: field, texts: &texts)
        guard SourceReference.bucket(of: reference) != nil else { throw Rejection.reference(reference, field: field) }
        return reference
    }
}
