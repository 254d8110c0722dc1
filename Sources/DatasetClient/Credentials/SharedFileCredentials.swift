package import SigV4
import Synchronization

/// The access key of a profile in the shared AWS files.
///
/// The files are read again once a minute, so rotated keys are found. When that fails, say because a file is just being
/// written, the last good key stays in use and the next call reads again.
package final class SharedFileCredentials: CredentialProvider {
    private struct Known {
        let credentials: Credentials
        let readAt: Duration
    }

    static let lifetime = Duration.seconds(60)

    private let files: SharedFiles
    private let time: TimeSource
    private let known = Mutex<Known?>(nil)

    /// Reads nothing yet.
    package init(files: SharedFiles = SharedFiles(), time: TimeSource = .system) {
        self.files = files
        self.time = time
    }

    /// A profile that was asked for by name has to have a key; the default profile may be absent.
    package func credentials() async throws(CredentialError) -> Credentials? {
        let now = time.monotonic()
        let last = known.withLock { $0 }
        if let last, now - last.readAt < Self.lifetime { return last.credentials }
        do {
            let fresh = try read()
            known.withLock { $0 = Known(credentials: fresh, readAt: now) }
            return fresh
        } catch {
            guard let last else { throw error }
            return last.credentials
        }
    }

    private func read() throws(CredentialError) -> Credentials {
        guard let settings = try files.settings() else { throw .absent("no default profile in \(files.places)") }
        func setting(_ name: String) -> String? { settings[name].flatMap { $0.isEmpty ? nil : $0 } }
        switch (setting("aws_access_key_id"), setting("aws_secret_access_key")) {
        case (let accessKeyID?, let secretAccessKey?):
            return Credentials(
                accessKeyID: accessKeyID, secretAccessKey: secretAccessKey, sessionToken: setting("aws_session_token"))
        case (nil, nil):
            if let other = Self.otherSources.first(where: { setting($0) != nil }) {
                throw .unusable("profile \(files.profile) uses \(other), which is not supported; give it an access key")
            }
            let reason = "profile \(files.profile) in \(files.places) has no access key"
            throw files.isProfileNamed ? .unusable(reason) : .absent(reason)
        case (nil, _?):
            throw .unusable("profile \(files.profile) has aws_secret_access_key but no aws_access_key_id")
        case (_?, nil):
            throw .unusable("profile \(files.profile) has aws_access_key_id but no aws_secret_access_key")
        }
    }

    /// What else a profile can take its credentials from.
    private static let otherSources = [
        "role_arn", "sso_session", "sso_account_id", "credential_process", "web_identity_token_file", "login_session",
    ]
}
