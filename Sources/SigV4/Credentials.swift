/// What a request is signed with. Never shows its secret parts: not printed, not dumped, not reflected.
package struct Credentials: Sendable, Hashable {
    /// Names the key; no secret, but shown shortened all the same.
    package let accessKeyID: String
    /// Never travels.
    package let secretAccessKey: String
    /// Present on temporary credentials only; travels as `X-Amz-Security-Token`.
    package let sessionToken: String?

    /// A session token makes them temporary ones.
    package init(accessKeyID: String, secretAccessKey: String, sessionToken: String? = nil) {
        self.accessKeyID = accessKeyID
        self.secretAccessKey = secretAccessKey
        self.sessionToken = sessionToken
    }
}

extension Credentials: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    /// The last four characters of the key's name.
    package var description: String {
        "Credentials(…\(accessKeyID.suffix(4))\(sessionToken == nil ? "" : ", temporary"))"
    }

    /// As `description`.
    package var debugDescription: String { description }

    /// `dump` and test frameworks print what the mirror holds, so it holds nothing secret.
    package var customMirror: Mirror { Mirror(self, children: ["description": description]) }
}
