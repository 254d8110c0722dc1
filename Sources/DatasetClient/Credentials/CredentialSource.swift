import SigV4

/// A service that hands out credentials which expire. Asked by `CachedCredentials`, never before every request.
protocol CredentialSource: Sendable {
    /// Asks the service, within a time limit of its own.
    func fetch() async throws(CredentialError) -> TemporaryCredentials
}

/// Credentials that are good up to a moment.
struct TemporaryCredentials: Sendable, Hashable {
    let credentials: Credentials
    /// Seconds since 1970-01-01T00:00:00Z.
    let expiresAt: Int
}
