/// The short form's fields, checked, and the JSON Line that they make.
///
/// Strict where the envelope is not: a field that nobody reads is refused, since a misspelt `label` must not turn into
/// an unlabelled image.
struct ShortForm {
    /// The values that `label` may have, and what they are in a line.
    enum Label {
        case normal, anomaly, unlabelled
    }

    /// `image`, escapes resolved.
    let sourceRef: UnsafeRawBufferPointer
    private let tokens: JSONTokens
    private let label: Label
    // Tokens of the fields that are there; `null` counts as not there. Strings and numbers go into the line as they
    // came, so what is kept is where they stand.
    private let image: Int
    private let labelledAt: Int?
    private let labeller: Int?
    private let confidence: Int?
    private let mask: Int?
    private let classes: [Class]

    /// A class of the mask: the tokens of its name and of its colour, and the colour's value.
    struct Class {
        var name: Int
        var color: Int
        var rgb: UInt32
    }

    init(_ outline: Outline, texts: inout Scratch, classes: inout [Class]) throws(Rejection) {
        tokens = outline.tokens
        if let unknown = outline.unknownName {
            let name = tokens.stringContent(unknown)
            throw Rejection(
                .unknownField, Rejection.excerpt(name, limit: 48), "no field of the short form has this name")
        }
        image = try Self.required(.image, outline)
        let labelToken = try Self.required(.label, outline)
        sourceRef = try tokens.string(image, field: "image", texts: &texts)
        guard let bucket = SourceReference.bucket(of: sourceRef) else {
            throw Rejection.reference(sourceRef, field: "image")
        }
        label = try Self.label(labelToken, tokens, texts: &texts)
        labelledAt = Self.optional(.labelledAt, outline)
        labeller = Self.optional(.labeller, outline)
        confidence = Self.optional(.confidence, outline)
        mask = Self.optional(.mask, outline)

        if let labelledAt {
            let text = try tokens.string(labelledAt, field: "labelledAt", texts: &texts)
            guard ISO8601.isDateTime(text) else {
                throw Rejection(
                    .badValue, "labelledAt", "\"\(Rejection.excerpt(text))\" is no date and time of ISO 8601")
            }
        }
        if let labeller, try tokens.string(labeller, field: "labeller", texts: &texts).isEmpty {
            throw Rejection(.badValue, "labeller", "the name is empty")
        }
        if let confidence { try Self.checkConfidence(confidence, tokens) }
        if let mask {
            let text = try tokens.string(mask, field: "mask", texts: &texts)
            guard let maskBucket = SourceReference.bucket(of: text) else {
                throw Rejection.reference(text, field: "mask")
            }
            guard maskBucket.equals(bucket) else {
                throw Rejection(.badValue, "mask", "the mask is in another bucket than the image")
            }
            if label == .unlabelled { throw Rejection(.badValue, "mask", "an image without a label has no mask") }
        }
        classes.removeAll(keepingCapacity: true)
        if let token = Self.optional(.classes, outline) {
            guard mask != nil else {
                throw Rejection(.badValue, "classes", "there are classes, but no mask to show them")
            }
            try Self.readClasses(token, tokens, texts: &texts, into: &classes)
        }
        self.classes = classes
        if mask != nil, label == .anomaly, classes.isEmpty {
            throw Rejection(.missingField, "classes", "the mask of an anomaly needs the classes that its colours mean")
        }
    }

    /// Writes the line as a text of its own.
    ///
    /// A pure function of the fields' bytes. The layout is that of the classification and segmentation lines in the
    /// Lookout for Vision developer guide; `confidence`, `job-name` and `creation-date` are optional there, and are
    /// written where the record gives them and never made up. Nothing says who labelled an image that has no label.
    func write(into line: inout Scratch) {
        // Nothing takes more than twice the bytes in the line that it takes in the record: origin and date are written
        // twice, and a class's frame is less than twice as long. The rest has a fixed size, half of this.
        line.begin(room: 1024 + 3 * tokens.byteCount)
        line.append(#"{"source-ref":"#)
        line.append(tokens.text(image))
        if label != .unlabelled {
            line.append(label == .anomaly ? #","anomaly-label":1"# : #","anomaly-label":0"#)
            line.append(#","anomaly-label-metadata":{"class-name":"#)
            line.append(label == .anomaly ? #""anomaly""# : #""normal""#)
            append(#","confidence":"#, confidence, to: &line)
            appendOrigin(to: &line)
            line.append(#","type":"groundtruth/image-classification"}"#)
        }
        if let mask {
            line.append(#","anomaly-mask-ref":"#)
            line.append(tokens.text(mask))
            line.append(#","anomaly-mask-ref-metadata":{"internal-color-map":"#)
            line.append(##"{"0":{"class-name":"BACKGROUND","hex-color":"#ffffff"}"##)
            for (index, item) in classes.enumerated() {
                line.append(",\"")
                line.append(decimal: index + 1)
                append(#"":{"class-name":"#, item.name, to: &line)
                append(#","hex-color":"#, item.color, to: &line)
                line.append("}")
            }
            line.append("}")
            appendOrigin(to: &line)
            line.append(#","type":"groundtruth/semantic-segmentation"}"#)
        }
        line.append("}")
    }

    private func appendOrigin(to line: inout Scratch) {
        append(#","job-name":"#, labeller, to: &line)
        line.append(#","human-annotated":"yes""#)
        append(#","creation-date":"#, labelledAt, to: &line)
    }

    private func append(_ name: StaticString, _ token: Int?, to line: inout Scratch) {
        guard let token else { return }
        line.append(name)
        line.append(tokens.text(token))
    }
}
