import FoundationEssentials
import SigV4

/// A role's credentials for a token in a file, such as the one that EKS keeps fresh in a pod for IAM roles for service
/// accounts: `AWS_WEB_IDENTITY_TOKEN_FILE` and `AWS_ROLE_ARN`, or `web_identity_token_file` and `role_arn` of a profile.
struct WebIdentityCredentials: CredentialSource {
    let role: SecurityTokenService.Role
    let tokenFile: String
    let service: SecurityTokenService

    /// The file is read each time: its token changes, on EKS about daily.
    func fetch() async throws(CredentialError) -> TemporaryCredentials {
        try await service.assume(role, webIdentityToken: try TokenFile.read(tokenFile))
    }

    /// What the environment says: nil where it names no token file.
    ///
    /// - Throws: `unusable` where only half of it is said.
    static func role(in environment: [String: String]) throws(CredentialError) -> (
        role: SecurityTokenService.Role, tokenFile: String
    )? {
        func value(_ name: String) -> String? { environment[name].flatMap { $0.isEmpty ? nil : $0 } }
        guard let tokenFile = value("AWS_WEB_IDENTITY_TOKEN_FILE") else { return nil }
        guard let arn = value("AWS_ROLE_ARN") else {
            throw .unusable("AWS_WEB_IDENTITY_TOKEN_FILE is set, AWS_ROLE_ARN is not")
        }
        var role = SecurityTokenService.Role(arn: arn)
        if let name = value("AWS_ROLE_SESSION_NAME") { role.sessionName = name }
        return (role, tokenFile)
    }
}

/// A token that somebody else keeps fresh in a file.
enum TokenFile {
    /// - Returns: the text without white space around it, which can stand in a header.
    static func read(_ path: String) throws(CredentialError) -> String {
        guard let data = FileManager.default.contents(atPath: path) else {
            throw .unavailable("\(path) cannot be read")
        }
        guard let text = String(validating: data, as: UTF8.self),
            let token = headerValue(text)
        else { throw .unavailable("\(path) holds no token") }
        return token
    }

    /// The text without white space around it; nil where it is empty or cannot stand in a header.
    static func headerValue(_ text: String) -> String? {
        var token = text[...]
        while token.last?.isWhitespace ?? false { token.removeLast() }
        token = token.drop { $0.isWhitespace }
        return token.isEmpty || token.utf8.contains { $0 < 0x20 || $0 == 0x7f } ? nil : String(token)
    }
}
