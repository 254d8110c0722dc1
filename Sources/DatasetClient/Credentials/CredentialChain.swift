import FoundationEssentials
package import SigV4

/// The first of several places that has credentials configured.
package struct CredentialChain: CredentialProvider {
    private let providers: [any CredentialProvider]

    /// The places in the order they are asked.
    package init(_ providers: [any CredentialProvider]) {
        self.providers = providers
    }

    /// The environment, then the shared files.
    package static func standard(
        environment: [String: String] = ProcessInfo.processInfo.environment
    ) -> CredentialChain {
        CredentialChain([
            EnvironmentCredentials(environment: environment),
            SharedFileCredentials(files: SharedFiles(environment: environment)),
        ])
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
}
