package import SigV4

/// No credentials at all, for an endpoint that wants none: requests are not signed.
package struct AnonymousCredentials: CredentialProvider {
    /// There is nothing to configure.
    package init() {}

    /// Always `nil`.
    package func credentials() async throws(CredentialError) -> Credentials? { nil }
}

extension CredentialProvider where Self == AnonymousCredentials {
    /// Requests are not signed.
    package static var anonymous: AnonymousCredentials { AnonymousCredentials() }
}
