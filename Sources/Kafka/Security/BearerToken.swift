/// What a client shows a broker for the SASL mechanism OAUTHBEARER. Its value never shows in descriptions.
package struct BearerToken: Sendable, Hashable {
    /// As it travels; for most clusters a JWT.
    package let value: String
    /// Milliseconds since 1970. A new one is asked for after four fifths of the time up to then.
    package let expiresAtMilliseconds: Int64
    /// Whose it is, for logs; the broker takes the name from the token itself.
    package let principal: String
    /// SASL extensions (RFC 7628, 3.1): names are letters alone.
    package let extensions: [String: String]

    /// The parts as they travel; librdkafka checks them.
    package init(value: String, expiresAtMilliseconds: Int64, principal: String, extensions: [String: String] = [:]) {
        self.value = value
        self.expiresAtMilliseconds = expiresAtMilliseconds
        self.principal = principal
        self.extensions = extensions
    }
}

extension BearerToken: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    /// Whose it is.
    package var description: String { "BearerToken(\(principal))" }

    /// As `description`.
    package var debugDescription: String { description }

    /// `dump` and test frameworks print what the mirror holds, so it holds nothing secret.
    package var customMirror: Mirror { Mirror(self, children: ["description": description]) }
}

/// Where bearer tokens come from.
package protocol BearerTokenSource: Sendable {
    /// A fresh one, within seconds. Asked in time before the last one expires, and every 10 seconds while it fails.
    func token() async throws(BearerTokenError) -> BearerToken
}

/// Why there is no token. Never holds a secret: it goes to the log.
package struct BearerTokenError: Error, Sendable, Hashable, CustomStringConvertible {
    /// The reason, for people.
    package let description: String

    /// A reason without secrets.
    package init(_ description: String) {
        self.description = description
    }
}
