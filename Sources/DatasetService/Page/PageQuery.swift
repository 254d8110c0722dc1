import Hummingbird

/// The fields of a form that was sent with GET, or of a link made like one.
///
/// Forms write a space as `+` (HTML standard, `application/x-www-form-urlencoded`), which a URL's own decoding leaves.
struct PageQuery: Sendable {
    private let fields: [String: String]

    init(_ request: Request) {
        self.init(request.uri.query ?? "")
    }

    /// The part of an address after its question mark.
    init(_ text: String) {
        var fields: [String: String] = [:]
        for pair in text.split(separator: "&") {
            let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            let decoded = parts.map { PercentDecoding.decodeSegment($0.replacing("+", with: " ")) }
            guard decoded.count == 2, let name = decoded[0], let value = decoded[1] else { continue }
            fields[name] = value
        }
        self.fields = fields
    }

    /// The field without white space around it; nil where it is missing, blank, or longer than anybody types.
    func text(_ name: String) -> String? {
        guard let value = fields[name], value.utf8.count <= 2_048, !value.utf8.contains(0) else { return nil }
        var text = value[...]
        while text.first?.isWhitespace == true { text.removeFirst() }
        while text.last?.isWhitespace == true { text.removeLast() }
        return text.isEmpty ? nil : String(text)
    }

    /// A whole number that is not negative; nil where there is none.
    func number(_ name: String) -> Int64? {
        text(name).flatMap { Int64($0) }.flatMap { $0 >= 0 ? $0 : nil }
    }
}
