/// Where the dataset API is served: scheme, host, port and perhaps a path in front of the API's own.
package struct Endpoint: Sendable, Hashable, CustomStringConvertible {
    /// Why a text is no endpoint. Holds none of the text, since people put passwords into URLs.
    package struct Invalid: Error, Sendable, Hashable, CustomStringConvertible {
        /// What is wrong, for people.
        package let reason: String
        package var description: String { "not an endpoint: \(reason)" }
    }

    /// `http` or `https`
    package let scheme: String
    /// The `Host` header: an IPv6 address in brackets, the port only where it is not the scheme's own.
    package let authority: String
    /// Empty, or beginning with a slash and not ending with one.
    package let basePath: String

    /// Takes `http://` or `https://`, a host, a port and a path; user names, queries and fragments are refused.
    package init(_ text: String) throws(Invalid) {
        let lowercased = text.lowercased()
        guard let scheme = ["http", "https"].first(where: { lowercased.hasPrefix("\($0)://") }) else {
            throw Invalid(reason: "it does not begin with http:// or https://")
        }
        guard text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7f }) else {
            throw Invalid(reason: "it holds white space or characters outside ASCII")
        }
        let rest = text.dropFirst(scheme.count + 3)
        guard !rest.contains(where: { $0 == "?" || $0 == "#" }) else {
            throw Invalid(reason: "it has a query or a fragment")
        }
        let authority = rest.prefix { $0 != "/" }
        guard !authority.contains("@") else { throw Invalid(reason: "it holds a user name") }
        self.scheme = scheme
        self.authority = try Self.normalised(authority.lowercased(), scheme: scheme)
        let segments = rest.dropFirst(authority.count).split(separator: "/")
        basePath = segments.map { "/\($0)" }.joined()
    }

    /// As a URL, without a slash at the end.
    package var description: String { "\(scheme)://\(authority)\(basePath)" }

    /// Whether it is one of Amazon's own, which always want signatures.
    package var isAmazons: Bool {
        let host = authority.prefix { $0 != ":" }
        return host.hasSuffix(".amazonaws.com") || host.hasSuffix(".amazonaws.com.cn")
    }

    private static func normalised(_ authority: String, scheme: String) throws(Invalid) -> String {
        let host: Substring
        if authority.hasPrefix("[") {
            guard let end = authority.firstIndex(of: "]") else {
                throw Invalid(reason: "the bracket around the address is not closed")
            }
            host = authority[...end]
        } else {
            host = authority.prefix { $0 != ":" }
        }
        guard !host.isEmpty, host != "[]" else { throw Invalid(reason: "it names no host") }
        let portText = authority[host.endIndex...]
        guard !portText.isEmpty else { return String(host) }
        let digits = portText.dropFirst()
        guard portText.first == ":", digits.allSatisfy(\.isNumber), let port = UInt16(digits), port > 0 else {
            throw Invalid(reason: "what follows the host is no port")
        }
        return port == (scheme == "https" ? 443 : 80) ? String(host) : "\(host):\(port)"
    }
}
