/// The dialect of INI that the shared AWS files are written in.
///
/// Source: AWS SDKs and Tools Reference Guide, "Format of the config file": sections in brackets, `name = value`, lines
/// that begin with `#` or `;` are comments, as is what follows one of them after white space. Lines indented deeper than
/// the setting above them belong to that setting's nested table, which nothing here reads.
struct INIDocument: Sendable, Hashable {
    /// A line that is none of these. Never quotes the line, which may hold a secret.
    struct SyntaxError: Error, Sendable, Hashable {
        /// From 1.
        let line: Int
        let reason: String
    }

    /// Settings by section. Names of settings are in lower case; a section that comes twice is one section, and a setting
    /// that comes twice has its last value.
    private(set) var sections: [String: [String: String]] = [:]

    init(_ text: String) throws(SyntaxError) {
        var section: String?
        var settingIndent: Int?
        let lines = text.split(omittingEmptySubsequences: false) { $0.isNewline }
        for (number, line) in zip(1..., lines) {
            let indent = line.prefix { $0.isWhitespace }.count
            let content = Self.trimmed(line.dropFirst(indent))
            if content.isEmpty || content.first == "#" || content.first == ";" { continue }
            if let settingIndent, indent > settingIndent { continue }
            if content.first == "[" {
                let name = try Self.sectionName(content, line: number)
                sections[name] = sections[name] ?? [:]
                section = name
                settingIndent = nil
            } else {
                guard let equals = content.firstIndex(of: "=") else {
                    throw SyntaxError(line: number, reason: "neither a section nor a setting")
                }
                guard let section else { throw SyntaxError(line: number, reason: "a setting before any section") }
                let name = Self.trimmed(content[..<equals])
                guard !name.isEmpty else { throw SyntaxError(line: number, reason: "a setting without a name") }
                settingIndent = indent
                sections[section, default: [:]][name.lowercased()] =
                    String(Self.trimmed(Self.withoutComment(content[content.index(after: equals)...])))
            }
        }
    }

    private static func sectionName(_ content: Substring, line: Int) throws(SyntaxError) -> String {
        guard let end = content.firstIndex(of: "]") else {
            throw SyntaxError(line: line, reason: "the section's bracket is not closed")
        }
        let after = trimmed(content[content.index(after: end)...])
        guard after.isEmpty || after.first == "#" || after.first == ";" else {
            throw SyntaxError(line: line, reason: "text after the section's bracket")
        }
        // White space inside a name (`profile  x`) means no more than one space.
        let name = content[content.index(after: content.startIndex)..<end].split { $0.isWhitespace }
        return name.joined(separator: " ")
    }

    private static func withoutComment(_ value: Substring) -> Substring {
        var previous: Character = "="
        for index in value.indices {
            if previous.isWhitespace, value[index] == "#" || value[index] == ";" { return value[..<index] }
            previous = value[index]
        }
        return value
    }

    private static func trimmed(_ text: Substring) -> Substring {
        var text = text
        while text.last?.isWhitespace ?? false { text.removeLast() }
        return text.drop { $0.isWhitespace }
    }
}
