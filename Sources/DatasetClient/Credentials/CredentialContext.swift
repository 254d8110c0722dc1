import FoundationEssentials

/// What the places where credentials come from have in common.
package struct CredentialContext: Sendable {
    /// Of the process, read once.
    package let environment: [String: String]
    /// Whose STS is asked for roles.
    package let region: String
    /// The clocks.
    package let time: TimeSource
    /// Hears of failures that nobody else hears of, since the credentials that are there still hold.
    package let report: @Sendable (CredentialError) -> Void

    /// - Parameters:
    ///   - environment: of the process.
    ///   - region: whose STS is asked for roles.
    ///   - time: the clocks.
    ///   - report: hears of renewals that failed while the old credentials still hold; never holds secrets.
    package init(
        environment: [String: String] = ProcessInfo.processInfo.environment, region: String,
        time: TimeSource = .system, report: @escaping @Sendable (CredentialError) -> Void
    ) {
        self.environment = environment
        self.region = region
        self.time = time
        self.report = report
    }

    /// One cache for one service that hands out credentials.
    func cached(_ source: some CredentialSource) -> CachedCredentials {
        CachedCredentials(source, time: time, report: report)
    }

    func tokenService() throws(CredentialError) -> SecurityTokenService {
        try SecurityTokenService(environment: environment, region: region, time: time)
    }

    func webIdentity() throws(CredentialError) -> any CredentialProvider {
        guard let (role, tokenFile) = try WebIdentityCredentials.role(in: environment) else {
            throw .absent("AWS_WEB_IDENTITY_TOKEN_FILE is not set")
        }
        return cached(WebIdentityCredentials(role: role, tokenFile: tokenFile, service: try tokenService()))
    }

    func container() throws(CredentialError) -> any CredentialProvider {
        guard let source = try ContainerCredentials(environment: environment, time: time) else {
            throw .absent("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI and _FULL_URI are not set")
        }
        return cached(source)
    }

    func instanceMetadata() throws(CredentialError) -> any CredentialProvider {
        guard let source = try InstanceMetadataCredentials(environment: environment, time: time) else {
            throw .absent("AWS_EC2_METADATA_DISABLED is true")
        }
        return cached(source)
    }
}
