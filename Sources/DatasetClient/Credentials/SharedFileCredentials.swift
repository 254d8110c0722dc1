import FoundationEssentials
package import SigV4
import Synchronization

/// The credentials of a profile in the shared AWS files: its access key, or the role that it asks for.
///
/// The files are read again once a minute, so that rotated keys are found. When that fails, say because a file is just
/// being written, what was read last stays in use and the next call reads again.
package final class SharedFileCredentials: CredentialProvider {
    private struct Known {
        let plan: ProfilePlan
        let provider: any CredentialProvider
        let readAt: Duration
        /// What was reported since.
        var failure: CredentialError?
    }

    static let lifetime = Duration.seconds(60)

    private let files: SharedFiles
    private let context: CredentialContext
    private let known = Mutex<Known?>(nil)

    /// Reads nothing yet.
    ///
    /// - Parameters:
    ///   - files: where, and which profile.
    ///   - context: for what a role needs.
    package init(files: SharedFiles, context: CredentialContext) {
        self.files = files
        self.context = context
    }

    /// A profile that was asked for by name has to have credentials; the default profile may be absent.
    package func credentials() async throws(CredentialError) -> Credentials? {
        try await provider().credentials()
    }

    private func provider() async throws(CredentialError) -> any CredentialProvider {
        let now = context.time.monotonic()
        let last = known.withLock { $0 }
        if let last, now - last.readAt < Self.lifetime { return last.provider }
        do {
            // Reading blocks, and the caller may run on an event loop.
            let plan = try await withTaskExecutorPreference(globalConcurrentExecutor) {
                () async throws(CredentialError) in try readPlan()
            }
            return try known.withLock { known throws(CredentialError) in
                // Two may have read at once: the role that is asked for already keeps its cache.
                let provider = if let known, known.plan == plan { known.provider } else { try plan.provider(context) }
                known = Known(plan: plan, provider: provider, readAt: now)
                return provider
            }
        } catch {
            guard let last else { throw error }
            // The files are read before every request from here on; what keeps them from it is told once.
            let isNews = known.withLock { known in
                defer { known?.failure = error }
                return known?.failure != error
            }
            if isNews { context.report(error) }
            return last.provider
        }
    }

    private func readPlan() throws(CredentialError) -> ProfilePlan {
        let contents = try files.contents()
        guard try files.settings(in: contents) != nil else { throw .absent("no default profile in \(files.places)") }
        if let plan = try ProfilePlan(profile: files.profile, in: contents) { return plan }
        let reason = "profile \(files.profile) in \(files.places) has no access key and no role"
        throw files.isProfileNamed ? .unusable(reason) : .absent(reason)
    }
}

extension ProfilePlan {
    /// What carries the plan out, with a cache for each role on the way.
    fileprivate func provider(_ context: CredentialContext) throws(CredentialError) -> any CredentialProvider {
        switch self {
        case .keys(let credentials): return FixedCredentials(value: credentials)
        case .role(let role, let other):
            return context.cached(
                AssumeRoleCredentials(
                    role: role, source: try other.provider(context), service: try context.tokenService()))
        case .webIdentity(let role, let tokenFile):
            return context.cached(
                WebIdentityCredentials(role: role, tokenFile: tokenFile, service: try context.tokenService()))
        case .environment: return EnvironmentCredentials(environment: context.environment)
        case .container: return try context.container()
        case .instanceMetadata: return try context.instanceMetadata()
        }
    }
}

private struct FixedCredentials: CredentialProvider {
    let value: Credentials

    func credentials() async throws(CredentialError) -> Credentials? { value }
}
