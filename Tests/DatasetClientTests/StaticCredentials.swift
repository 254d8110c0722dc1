import DatasetClient
import SigV4

/// Credentials that are given; their secret parts are recognisable wherever they turn up.
struct StaticCredentials: CredentialProvider {
    static let secret = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
    static let token = "the-session-token"

    func credentials() async throws(CredentialError) -> Credentials? {
        Credentials(accessKeyID: "AKIDEXAMPLE", secretAccessKey: Self.secret, sessionToken: Self.token)
    }
}

/// A place that has none, for a reason.
struct FailingCredentials: CredentialProvider {
    let error: CredentialError

    func credentials() async throws(CredentialError) -> Credentials? { throw error }
}
