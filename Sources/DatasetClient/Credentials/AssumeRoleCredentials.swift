import SigV4

/// A role's credentials, for somebody who has other ones: `role_arn` of a profile with `source_profile` or
/// `credential_source`.
struct AssumeRoleCredentials: CredentialSource {
    let role: SecurityTokenService.Role
    /// Whose request it is.
    let source: any CredentialProvider
    let service: SecurityTokenService

    /// Every request is signed afresh: the other credentials may have been renewed meanwhile.
    func fetch() async throws(CredentialError) -> TemporaryCredentials {
        let own: Credentials?
        do throws(CredentialError) {
            own = try await source.credentials()
        } catch {
            // Somebody asked for a role: that there is nothing to ask for it with is no absence.
            if case .absent(let reason) = error { throw .unusable("role \(role.arn): \(reason)") }
            throw error
        }
        guard let own else { throw .unusable("role \(role.arn): there is nothing to ask for it with") }
        return try await service.assume(role, as: own)
    }
}
