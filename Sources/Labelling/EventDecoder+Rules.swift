import LookoutVision

// The rules that the forms share.
extension EventDecoder {
    static func checkProject(
        _ name: UnsafeRawBufferPointer, field: @autoclosure () -> String
    ) throws(Rejection) {
        guard Names.isProjectName(name) else {
            throw Rejection(
                .badValue, field(),
                "\"\(Rejection.excerpt(name))\" is no project name: 1 to 255 letters, digits, _ or -, not _ or - first"
            )
        }
    }

    static func datasetType(
        _ word: UnsafeRawBufferPointer, field: @autoclosure () -> String
    ) throws(Rejection) -> DatasetType {
        if word.equals("train") { return .train }
        if word.equals("test") { return .test }
        throw Rejection(.badValue, field(), "\"\(Rejection.excerpt(word))\" is neither train nor test")
    }

    /// Checks that a line is no longer than the API takes, in characters and without its white space.
    static func checkLength(_ tokens: JSONTokens, _ line: ClosedRange<Int>, field: String) throws(Rejection) {
        let limit = Limits.entryCharacters.upperBound
        // As there are no more characters than bytes, nearly every line is known to be short enough without counting.
        guard tokens.text(line).count > limit else { return }
        var characters = 0
        tokens.forEachRun(line) { run in
            characters += scalarCount(UnsafeRawBufferPointer(start: tokens.bytes + run.lowerBound, count: run.count))
        }
        guard characters <= limit else {
            throw Rejection(.tooLong, field, "the line has \(characters) characters, more than \(limit)")
        }
    }

    /// The Unicode scalars of valid UTF-8.
    static func scalarCount(_ text: UnsafeRawBufferPointer) -> Int {
        text.reduce(into: 0) { count, byte in count += byte & 0xC0 == 0x80 ? 0 : 1 }
    }

    static func duplicate(_ field: String) -> Rejection {
        Rejection(.duplicateField, field, "the field is there more than once")
    }
}

extension JSONTokens {
    /// The string at `token`, its escapes resolved: where it has any, in `texts`.
    func string(
        _ token: Int, field: @autoclosure () -> String, texts: inout Scratch
    ) throws(Rejection) -> UnsafeRawBufferPointer {
        guard self[token] == UInt8(ascii: "\"") else {
            throw Rejection(.wrongType, field(), "the field is not a string")
        }
        let content = stringContent(token)
        return hasEscapes && JSONString.hasEscape(content) ? texts.append(unescaping: content) : content
    }
}

extension Rejection {
    static func reference(_ text: UnsafeRawBufferPointer, field: String) -> Rejection {
        Rejection(.badValue, field, "\"\(excerpt(text))\" is not s3://BUCKET/KEY")
    }
}
