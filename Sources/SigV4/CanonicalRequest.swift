/// A request in the one spelling that signer and verifier agree on.
///
/// Source: AWS General Reference, "Create a signed AWS API request", step 1, for services other than S3: the path is
/// normalised and each segment percent-encoded once more than it travels.
package struct CanonicalRequest: Sendable, Hashable {
    /// Lower-case header names, sorted and joined by `;`.
    package let signedHeaders: String
    /// What is hashed into the string to sign.
    package let text: String

    /// - Parameters:
    ///   - method: the verb, upper case.
    ///   - path: as it travels, percent-encoded, without the query.
    ///   - query: as it travels, without the question mark; empty where there is none.
    ///   - headers: all that are signed, and only those; names in any case, repeats allowed.
    ///   - payloadSHA256: of the body, in lower-case hexadecimal.
    package init(
        method: String, path: String, query: String, headers: [(name: String, value: String)], payloadSHA256: String
    ) {
        let names = headers.map { $0.name.lowercased() }
        // Repeats stay in the order in which they came.
        let order = headers.indices.sorted { (names[$0], $0) < (names[$1], $1) }
        var lines = ""
        var signed = ""
        var last: String?
        for index in order {
            let name = names[index]
            if name == last {
                lines += ","
            } else {
                lines += last == nil ? "" : "\n"
                lines += name
                lines += ":"
                signed += last == nil ? "" : ";"
                signed += name
                last = name
            }
            lines += Self.collapsingSpaces(headers[index].value)
        }
        signedHeaders = signed
        let request = "\(method)\n\(Self.canonicalPath(path))\n\(Self.canonicalQuery(query))\n"
        text = "\(request)\(lines)\(lines.isEmpty ? "" : "\n")\n\(signed)\n\(payloadSHA256)"
    }

    /// Drops empty and `.` segments, resolves `..`, and percent-encodes what is left as it stands.
    static func canonicalPath(_ path: String) -> String {
        var segments: [String] = []
        for segment in path.utf8.split(separator: UInt8(ascii: "/")) {
            switch URIEncoding.encode(segment) {
            case ".": break
            case "..": _ = segments.popLast()
            case let encoded: segments.append(encoded)
            }
        }
        guard !segments.isEmpty else { return "/" }
        return "/\(segments.joined(separator: "/"))\(path.utf8.last == UInt8(ascii: "/") ? "/" : "")"
    }

    /// Parameters sorted by encoded name, then by encoded value. Each is decoded and encoded afresh, so that `%2f`,
    /// `%2F` and `/` in a query are one spelling.
    static func canonicalQuery(_ query: String) -> String {
        query.utf8.split(separator: UInt8(ascii: "&"))
            .map { parameter in
                let name = parameter.prefix { $0 != UInt8(ascii: "=") }
                let value = parameter.dropFirst(name.count + 1)
                return (name: URIEncoding.reencode(name), value: URIEncoding.reencode(value))
            }
            .sorted { ($0.name, $0.value) < ($1.name, $1.value) }
            .map { "\($0.name)=\($0.value)" }
            .joined(separator: "&")
    }

    /// Without white space at the ends, and with runs of it inside made one space, quoted or not.
    private static func collapsingSpaces(_ value: String) -> String {
        // As nearly all of them are.
        if value.utf8.allSatisfy({ $0 > UInt8(ascii: " ") }) { return value }
        return value.split { $0 == " " || $0 == "\t" || $0 == "\n" || $0 == "\r" || $0 == "\r\n" }.joined(
            separator: " ")
    }
}
