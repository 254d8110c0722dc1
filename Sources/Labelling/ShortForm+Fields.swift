extension ShortForm {
    static func required(_ field: Outline.Field, _ outline: Outline) throws(Rejection) -> Int {
        guard let token = outline[field] else {
            throw Rejection(.missingField, field.name, "the short form needs an image and its label")
        }
        return token
    }

    /// The token of an optional field; programs that write records often write null for what they do not have.
    static func optional(_ field: Outline.Field, _ outline: Outline) -> Int? {
        outline[field].flatMap { outline.tokens[$0] == UInt8(ascii: "n") ? nil : $0 }
    }

    static func label(_ token: Int, _ tokens: JSONTokens, texts: inout Scratch) throws(Rejection) -> Label {
        if tokens[token] == UInt8(ascii: "n") { return .unlabelled }
        let word = try tokens.string(token, field: "label", texts: &texts)
        if word.equals("normal") { return .normal }
        if word.equals("anomaly") { return .anomaly }
        throw Rejection(.badValue, "label", "\"\(Rejection.excerpt(word))\" is neither normal nor anomaly")
    }

    static func checkConfidence(_ token: Int, _ tokens: JSONTokens) throws(Rejection) {
        let text = tokens.text(token)
        guard let first = text.first,
            first == UInt8(ascii: "-") || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(first)
        else { throw Rejection(.wrongType, "confidence", "the field is not a number") }
        guard let value = Double(String(decoding: text, as: UTF8.self)), (0...1).contains(value) else {
            throw Rejection(.badValue, "confidence", "\(Rejection.excerpt(text)) is not between 0 and 1")
        }
    }

    /// `classes`: an array of objects with a name and a colour and nothing else, no colour twice, none that the
    /// background has.
    static func readClasses(
        _ token: Int, _ tokens: JSONTokens, texts: inout Scratch, into classes: inout [Class]
    ) throws(Rejection) {
        guard tokens[token] == UInt8(ascii: "[") else {
            throw Rejection(.wrongType, "classes", "the field is not an array")
        }
        var element = token + 1
        while tokens[element] != UInt8(ascii: "]") {
            // More cannot fit a line, and what cannot fit need not be looked at.
            guard classes.count < 255 else { throw Rejection(.tooLong, "classes", "more than 255 classes") }
            classes.append(try readClass(element, tokens, texts: &texts, after: classes))
            element = tokens.skip(element)
            if tokens[element] == UInt8(ascii: ",") { element += 1 }
        }
    }

    private static func readClass(
        _ token: Int, _ tokens: JSONTokens, texts: inout Scratch, after earlier: [Class]
    ) throws(Rejection) -> Class {
        // Made where a rejection needs it, and only there.
        func path(_ field: String = "") -> String { "classes[\(earlier.count)]\(field)" }

        guard tokens[token] == UInt8(ascii: "{") else { throw Rejection(.wrongType, path(), "a class is an object") }
        var name: Int?
        var color: Int?
        var member = token + 1
        while tokens[member] != UInt8(ascii: "}") {
            let field = try tokens.string(member, field: path(), texts: &texts)
            let value = member + 2
            if field.equals("name") {
                if name != nil { throw EventDecoder.duplicate(path(".name")) }
                name = value
            } else if field.equals("color") {
                if color != nil { throw EventDecoder.duplicate(path(".color")) }
                color = value
            } else {
                let shown = Rejection.excerpt(field)
                throw Rejection(.unknownField, path(".\(shown)"), "a class has a name and a color and nothing else")
            }
            member = tokens.skip(value)
            if tokens[member] == UInt8(ascii: ",") { member += 1 }
        }
        guard let name else { throw Rejection(.missingField, path(".name"), "a class has a name and a color") }
        guard let color else { throw Rejection(.missingField, path(".color"), "a class has a name and a color") }

        let nameText = try tokens.string(name, field: path(".name"), texts: &texts)
        guard !nameText.isEmpty, !nameText.equals("BACKGROUND") else {
            throw Rejection(.badValue, path(".name"), "a class needs a name; BACKGROUND is there without being named")
        }
        let colorText = try tokens.string(color, field: path(".color"), texts: &texts)
        guard let rgb = rgb(colorText) else {
            throw Rejection(.badValue, path(".color"), "\"\(Rejection.excerpt(colorText))\" is not #rrggbb")
        }
        guard rgb != background, !earlier.contains(where: { $0.rgb == rgb }) else {
            throw Rejection(.badValue, path(".color"), "another class or the background has this colour")
        }
        return Class(name: name, color: color, rgb: rgb)
    }

    /// White, the colour of what belongs to no class.
    private static let background: UInt32 = 0xFF_FFFF

    /// The colour that `#rrggbb` stands for.
    private static func rgb(_ text: UnsafeRawBufferPointer) -> UInt32? {
        guard text.count == 7, text[0] == UInt8(ascii: "#") else { return nil }
        var value: UInt32 = 0
        for digit in text.dropFirst() {
            guard let digit = JSONString.hexadecimalValue(digit) else { return nil }
            value = value << 4 | digit
        }
        return value
    }
}
