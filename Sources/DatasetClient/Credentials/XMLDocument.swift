import FoundationEssentials

/// The first text at each path of a small XML document, such as an answer of STS.
///
/// Reads elements, text, the five named entities and numeric ones, CDATA, comments and processing instructions. Attributes
/// and name-space prefixes are passed over. A document type is refused: nothing here needs one, and entities of its own
/// could make a short text a long one.
struct XMLDocument: Sendable {
    /// The outermost element's name.
    private(set) var root: String?
    private var texts: [[String]: String] = [:]

    /// Nil where the text is not well formed as far as it is read.
    init?(_ data: Data) {
        guard let text = String(validating: data, as: UTF8.self), read(text) else { return nil }
    }

    /// The text directly inside the first element at this path from the root on, without white space around it.
    subscript(path: String...) -> String? { texts[path] }

    private mutating func read(_ text: String) -> Bool {
        var rest = text[...]
        var open: [String] = []
        var collected = ""
        func isBlank(_ text: some StringProtocol) -> Bool { text.allSatisfy(\.isWhitespace) }
        while let bracket = rest.firstIndex(of: "<") {
            guard let plain = Self.unescaped(rest[..<bracket]), !open.isEmpty || isBlank(plain) else { return false }
            collected += plain
            rest = rest[bracket...]
            if rest.hasPrefix("<!--") {
                guard Self.skip("-->", in: &rest) != nil else { return false }
            } else if rest.hasPrefix("<![CDATA[") {
                guard !open.isEmpty, let data = Self.skip("]]>", in: &rest) else { return false }
                collected += data.dropFirst("<![CDATA[".count)
            } else if rest.hasPrefix("<?") {
                guard Self.skip("?>", in: &rest) != nil else { return false }
            } else if rest.hasPrefix("<!") {
                return false
            } else {
                guard let tag = Self.skip(">", in: &rest)?.dropFirst() else { return false }
                if tag.first == "/" {
                    guard let name = open.last, Self.localName(tag.dropFirst()) == name else { return false }
                    if texts[open] == nil { texts[open] = Self.trimmed(collected) }
                    open.removeLast()
                } else {
                    let name = Self.localName(tag)
                    guard !name.isEmpty, !open.isEmpty || root == nil else { return false }
                    if open.isEmpty { root = name }
                    open.append(name)
                    if tag.last == "/" {
                        if texts[open] == nil { texts[open] = "" }
                        open.removeLast()
                    }
                }
                collected = ""
            }
        }
        return open.isEmpty && root != nil && isBlank(rest)
    }

    /// What stands before `end`, which `rest` is moved behind; nil where there is no end.
    private static func skip(_ end: String, in rest: inout Substring) -> Substring? {
        guard let range = rest.firstRange(of: end) else { return nil }
        defer { rest = rest[range.upperBound...] }
        return rest[..<range.lowerBound]
    }

    /// Without prefix and attributes.
    private static func localName(_ tag: Substring) -> String {
        let name = tag.prefix { !$0.isWhitespace && $0 != "/" }
        return String(name.split(separator: ":").last ?? "")
    }

    private static let entities = ["lt": "<", "gt": ">", "amp": "&", "quot": "\"", "apos": "'"]

    private static func unescaped(_ text: Substring) -> String? {
        guard text.contains("&") else { return String(text) }
        var result = ""
        var rest = text
        while let ampersand = rest.firstIndex(of: "&") {
            result += rest[..<ampersand]
            rest = rest[rest.index(after: ampersand)...]
            guard let end = rest.firstIndex(of: ";") else { return nil }
            let name = rest[..<end]
            if name.hasPrefix("#") {
                let isHexadecimal = name.hasPrefix("#x")
                guard let number = UInt32(name.dropFirst(isHexadecimal ? 2 : 1), radix: isHexadecimal ? 16 : 10),
                    let scalar = Unicode.Scalar(number)
                else { return nil }
                result.unicodeScalars.append(scalar)
            } else {
                guard let character = entities[String(name)] else { return nil }
                result += character
            }
            rest = rest[rest.index(after: end)...]
        }
        return result + rest
    }

    private static func trimmed(_ text: String) -> String {
        var text = text[...]
        while text.last?.isWhitespace ?? false { text.removeLast() }
        return String(text.drop { $0.isWhitespace })
    }
}
