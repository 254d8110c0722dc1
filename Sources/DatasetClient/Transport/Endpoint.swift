import NIOCore

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
    /// Without the brackets of an IPv6 address.
    let host: String
    let port: Int

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
        let (host, port) = try Self.hostAndPort(authority.lowercased())
        let ownPort = scheme == "https" ? 443 : 80
        self.port = port ?? ownPort
        self.host = host.hasPrefix("[") ? String(host.dropFirst().dropLast()) : host
        self.authority = self.port == ownPort ? host : "\(host):\(self.port)"
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

    /// Where it is, if it is named by an address.
    var address: SocketAddress? { try? SocketAddress(ipAddress: host, port: port) }

    /// Path and query of a URL of this endpoint, as they were written: a server may make a difference between `/x` and `/x/`.
    func target(in url: String) -> String {
        let target = url.dropFirst(scheme.count + 3).drop { $0 != "/" && $0 != "?" }
        return target.hasPrefix("/") ? String(target) : "/\(target)"
    }

    private static func hostAndPort(_ authority: String) throws(Invalid) -> (host: String, port: Int?) {
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
        let allowed = host.hasPrefix("[") ? addressCharacters : nameCharacters
        guard host.utf8.allSatisfy(allowed.contains) else {
            throw Invalid(reason: "its host holds a character that no host may")
        }
        let portText = authority[host.endIndex...]
        guard !portText.isEmpty else { return (String(host), nil) }
        let digits = portText.dropFirst()
        guard portText.first == ":", digits.allSatisfy(\.isNumber), let port = UInt16(digits), port > 0 else {
            throw Invalid(reason: "what follows the host is no port")
        }
        return (String(host), Int(port))
    }

    /// Source: RFC 3986, 3.2.2, `reg-name`, of which nobody escapes anything.
    private static let nameCharacters = Set("abcdefghijklmnopqrstuvwxyz0123456789-._~!$&'()*+,;=".utf8)
    /// Source: RFC 3986, 3.2.2, `IPv6address`, in brackets; RFC 4007, 11 for an interface's name behind it.
    private static let addressCharacters = Set("abcdefghijklmnopqrstuvwxyz0123456789-._~:%[]".utf8)
}
