import FoundationEssentials
package import SigV4

/// `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY` and, for temporary credentials, `AWS_SESSION_TOKEN`.
package struct EnvironmentCredentials: CredentialProvider {
    private let found: Result<Credentials, CredentialError>

    /// The environment is read once, here. An empty variable counts as unset, as in the AWS tools.
    package init(environment: [String: String] = ProcessInfo.processInfo.environment) {
        func value(_ name: String) -> String? { environment[name].flatMap { $0.isEmpty ? nil : $0 } }
        found =
            switch (value("AWS_ACCESS_KEY_ID"), value("AWS_SECRET_ACCESS_KEY")) {
            case (let accessKeyID?, let secretAccessKey?):
                .success(
                    Credentials(
                        accessKeyID: accessKeyID, secretAccessKey: secretAccessKey,
                        sessionToken: value("AWS_SESSION_TOKEN")))
            case (nil, nil): .failure(.absent("AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY are not set"))
            case (nil, _?): .failure(.unusable("AWS_SECRET_ACCESS_KEY is set, AWS_ACCESS_KEY_ID is not"))
            case (_?, nil): .failure(.unusable("AWS_ACCESS_KEY_ID is set, AWS_SECRET_ACCESS_KEY is not"))
            }
    }

    /// Half a key is an error, not an absence.
    package func credentials() async throws(CredentialError) -> Credentials? { try found.get() }
}
