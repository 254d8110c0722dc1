package import SigV4

/// The first of several places that has credentials configured.
package struct CredentialChain: CredentialProvider {
    private let providers: [any CredentialProvider]

    /// The places in the order they are asked.
    package init(_ providers: [any CredentialProvider]) {
        self.providers = providers
    }

    /// The places that the AWS tools ask, in their order: the environment, a web identity (EKS), the shared files, the
    /// container's credential service (ECS, EKS Pod Identity), the instance's metadata (EC2).
    ///
    /// - Parameters:
    ///   - context: what they have in common.
    ///   - files: the shared files and the profile that is meant.
    ///   - isForAWS: another endpoint than Amazon's asks the instance's metadata only where the environment names it, lest
    ///     every start elsewhere waits for an address where nobody answers; and where no place has any credentials, its
    ///     requests go out unsigned.
    /// - Returns: one chain, to be kept: each of its places has a cache of its own.
    package static func standard(_ context: CredentialContext, files: SharedFiles, isForAWS: Bool) -> CredentialChain {
        let asksInstance = isForAWS || context.environment["AWS_EC2_METADATA_SERVICE_ENDPOINT"]?.isEmpty == false
        return CredentialChain(
            [
                EnvironmentCredentials(environment: context.environment),
                place(context.webIdentity),
                SharedFileCredentials(files: files, context: context),
                place(context.container),
            ]
                + (asksInstance ? [place(context.instanceMetadata)] : [])
                + (isForAWS ? [] : [AnonymousCredentials()]))
    }

    /// Of the first place that has any; a place whose configuration is broken ends the search.
    package func credentials() async throws(CredentialError) -> Credentials? {
        var reasons: [String] = []
        for provider in providers {
            do {
                return try await provider.credentials()
            } catch {
                guard case .absent(let reason) = error else { throw error }
                reasons.append(reason)
            }
        }
        throw .absent(reasons.isEmpty ? "no place to look for credentials" : reasons.joined(separator: "; "))
    }

    /// A place that is not configured, or not rightly, says so each time that it is asked.
    private static func place(
        _ make: () throws(CredentialError) -> any CredentialProvider
    ) -> any CredentialProvider {
        do throws(CredentialError) { return try make() } catch { return NoCredentials(reason: error) }
    }
}

private struct NoCredentials: CredentialProvider {
    let reason: CredentialError

    func credentials() async throws(CredentialError) -> Credentials? { throw reason }
}
