/// A request in the one spelling that signer and verifier agree on.
///
/// Source: AWS General Reference, "Create a signed AWS API request", step 1, for services other than S3: the path is
/// normalised and each segment percent-encoded once more than it travels.
package struct CanonicalRequest: Sendable, Hashable {
    /// Lower-case header names, sorted and joined by `;`.
    package let signedHeaders: String
    /// What is hashed into the string to sign, UTF-8.
    package let bytes: [UInt8]

    /// - Parameters:
    ///   - method: the verb, upper case.
    ///   - path: as it travels, percent-encoded, without the query.
    ///   - query: as it travels, without the question mark; empty where there is none.
    ///   - headers: all that are signed, and only those; names in any case, repeats allowed.
    ///   - payloadSHA256: of the body, in lower-case hexadecimal.
    package init(
        method: String, path: String, query: String, headers: [(name: String, value: String)], payloadSHA256: String
    ) {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(1024)
        bytes += method.utf8
        bytes.append(Self.lineFeed)
        Self.appendPath(path, to: &bytes)
        bytes.append(Self.lineFeed)
        bytes += Self.canonicalQuery(query).utf8
        bytes.append(Self.lineFeed)
        let names = HeaderNames(headers)
        for (position, entry) in names.inOrder.enumerated() {
            if names.isRepeated(at: position) {
                bytes.append(UInt8(ascii: ","))
            } else {
                if position > 0 { bytes.append(Self.lineFeed) }
                bytes += names.bytes[entry.name]
                bytes.append(UInt8(ascii: ":"))
            }
            Self.appendCollapsingSpaces(headers[entry.header].value, to: &bytes)
        }
        if !headers.isEmpty { bytes.append(Self.lineFeed) }
        bytes.append(Self.lineFeed)
        let start = bytes.count
        for (position, entry) in names.inOrder.enumerated() where !names.isRepeated(at: position) {
            if position > 0 { bytes.append(UInt8(ascii: ";")) }
            bytes += names.bytes[entry.name]
        }
        signedHeaders = String(decoding: bytes[start...], as: UTF8.self)
        bytes.append(Self.lineFeed)
        bytes += payloadSHA256.utf8
        self.bytes = bytes
    }

    private static let lineFeed = UInt8(ascii: "\n")
    private static let slash = UInt8(ascii: "/")

    /// Drops empty and `.` segments, resolves `..`, and percent-encodes what is left as it stands.
    static func appendPath(_ path: String, to bytes: inout [UInt8]) {
        let start = bytes.count
        var path = path
        path.withUTF8 { path in
            var position = 0
            while position < path.count {
                let end = path[position...].firstIndex(of: slash) ?? path.count
                let segment = path[position..<end]
                position = end + 1
                if segment.elementsEqual("..".utf8) {
                    // An encoded segment holds no slash.
                    bytes.removeSubrange((bytes[start...].lastIndex(of: slash) ?? start)...)
                } else if !segment.isEmpty, !segment.elementsEqual(".".utf8) {
                    bytes.append(slash)
                    URIEncoding.append(segment, to: &bytes)
                }
            }
            if bytes.count == start || path.last == slash { bytes.append(slash) }
        }
    }

    /// Parameters sorted by encoded name, then by encoded value. Each is decoded and encoded afresh, so that `%2f`,
    /// `%2F` and `/` in a query are one spelling.
    static func canonicalQuery(_ query: String) -> String {
        guard !query.isEmpty else { return "" }
        return query.utf8.split(separator: UInt8(ascii: "&"))
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
    private static func appendCollapsingSpaces(_ value: String, to bytes: inout [UInt8]) {
        let start = bytes.count
        var isSpaced = false
        var value = value
        value.withUTF8 { value in
            for byte in value {
                switch byte {
                case UInt8(ascii: " "), UInt8(ascii: "\t"), UInt8(ascii: "\n"), UInt8(ascii: "\r"):
                    isSpaced = bytes.count > start
                default:
                    if isSpaced { bytes.append(UInt8(ascii: " ")) }
                    isSpaced = false
                    bytes.append(byte)
                }
            }
        }
    }
}
