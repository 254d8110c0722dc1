/// What makes a text no JSON, and where.
struct JSONFault: Error, Hashable {
    enum Kind: String {
        case empty = "there is nothing in it"
        case byteOrderMark = "it begins with a byte order mark"
        case notUTF8 = "it is not UTF-8"
        case controlCharacter = "a control character stands bare in a string"
        case unclosedString = "a string is not closed"
        case badEscape = "a backslash in a string escapes nothing known"
        case loneSurrogate = "a \\u escape is half of a surrogate pair"
        case badNumber = "a number is not written as JSON has it"
        case numberOutOfRange = "a number is beyond the range of a double"
        case expectedValue = "a value is expected"
        case expectedKey = "a field's name is expected"
        case expectedColon = "a colon is expected"
        case expectedCommaOrEnd = "a comma or the end of the object or array is expected"
        case trailingContent = "something follows the value"
        case tooDeep = "objects and arrays are nested too deeply"
        case unexpected = "it cannot be read"
    }

    let kind: Kind
    /// Bytes from the beginning of the text, where the fault has a place.
    let offset: Int?

    init(_ kind: Kind, at offset: Int?) {
        self.kind = kind
        self.offset = offset
    }

    var message: String { offset.map { "\(kind.rawValue), at byte \($0)" } ?? kind.rawValue }
}
