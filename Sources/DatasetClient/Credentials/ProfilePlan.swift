import SigV4

/// Where a profile's credentials come from, by its settings alone: nothing is asked yet.
///
/// Source: AWS SDKs and Tools Reference Guide, "Assume role credential provider" and "Static credentials".
indirect enum ProfilePlan: Sendable, Hashable {
    /// The profile's own access key.
    case keys(Credentials)
    /// A role, asked for with what the other plan gives.
    case role(SecurityTokenService.Role, with: ProfilePlan)
    /// A role, asked for with the token in a file.
    case webIdentity(SecurityTokenService.Role, tokenFile: String)
    /// `credential_source`: what is there outside of the files.
    case environment, container, instanceMetadata

    /// Nil where the profile has nothing about credentials.
    ///
    /// - Parameters:
    ///   - profile: whose.
    ///   - contents: of the shared files.
    /// - Throws: `unusable` where it has something that is no plan.
    init?(profile: String, in contents: SharedFiles.Contents) throws(CredentialError) {
        try self.init(profile: profile, in: contents, after: [])
    }

    /// `after` are the profiles that led here, each by its `source_profile`.
    private init?(profile: String, in contents: SharedFiles.Contents, after: [String]) throws(CredentialError) {
        guard let settings = contents.settings(of: profile) else {
            throw .unusable("profile \(after.last ?? "") has source_profile \(profile), which is not there")
        }
        // A profile may name itself as the source of its role: then its own access key is meant.
        guard let arn = settings["role_arn"], after.last != profile else {
            guard let keys = try Self.keys(profile, settings) else { return nil }
            self = .keys(keys)
            return
        }
        guard !after.contains(profile) else {
            throw .unusable("source_profile goes round in a circle: \((after + [profile]).joined(separator: ", "))")
        }
        if settings["mfa_serial"] != nil {
            throw .unusable("profile \(profile) asks for a code of mfa_serial, and nobody is there to give one")
        }
        let role = try Self.role(arn, profile, settings)
        switch (settings["source_profile"], settings["credential_source"], settings["web_identity_token_file"]) {
        case (let source?, nil, nil):
            guard let plan = try ProfilePlan(profile: source, in: contents, after: after + [profile]) else {
                throw .unusable("profile \(source), the source_profile of \(profile), has no credentials")
            }
            self = .role(role, with: plan)
        case (nil, "Environment", nil): self = .role(role, with: .environment)
        case (nil, "EcsContainer", nil): self = .role(role, with: .container)
        case (nil, "Ec2InstanceMetadata", nil): self = .role(role, with: .instanceMetadata)
        case (nil, _?, nil):
            throw .unusable(
                "profile \(profile): credential_source takes Environment, EcsContainer or Ec2InstanceMetadata")
        case (nil, nil, let file?): self = .webIdentity(role, tokenFile: file)
        case (nil, nil, nil):
            throw .unusable(
                "profile \(profile) has role_arn but no source_profile, credential_source or web_identity_token_file")
        default:
            throw .unusable(
                "profile \(profile) has more than one of source_profile, credential_source, web_identity_token_file")
        }
    }

    private static func role(
        _ arn: String, _ profile: String, _ settings: [String: String]
    ) throws(CredentialError) -> SecurityTokenService.Role {
        var role = SecurityTokenService.Role(arn: arn)
        if let name = settings["role_session_name"] { role.sessionName = name }
        role.externalID = settings["external_id"]
        if let text = settings["duration_seconds"] {
            // From 15 minutes to the longest that any role may allow, 12 hours.
            guard let seconds = Int(text), (900...43_200).contains(seconds) else {
                throw .unusable("profile \(profile): duration_seconds takes 900 to 43200")
            }
            role.duration = seconds
        }
        return role
    }

    private static func keys(_ profile: String, _ settings: [String: String]) throws(CredentialError) -> Credentials? {
        switch (settings["aws_access_key_id"], settings["aws_secret_access_key"]) {
        case (let accessKeyID?, let secretAccessKey?):
            return Credentials(
                accessKeyID: accessKeyID, secretAccessKey: secretAccessKey, sessionToken: settings["aws_session_token"])
        case (nil, nil):
            guard let other = unsupported.first(where: { settings[$0] != nil }) else { return nil }
            throw .unusable("profile \(profile) uses \(other), which is not supported; give it an access key or a role")
        case (nil, _?):
            throw .unusable("profile \(profile) has aws_secret_access_key but no aws_access_key_id")
        case (_?, nil):
            throw .unusable("profile \(profile) has aws_access_key_id but no aws_secret_access_key")
        }
    }

    /// What else a profile can take its credentials from.
    private static let unsupported = [
        "sso_session", "sso_account_id", "credential_process", "web_identity_token_file", "login_session",
    ]
}
