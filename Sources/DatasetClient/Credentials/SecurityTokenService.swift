import Crypto
import FoundationEssentials
import LookoutVision
import NIOCore
import NIOHTTP1
import SigV4

/// The two calls of AWS STS that exchange an identity for a role's temporary credentials.
///
/// Source: AWS STS API Reference (version 2011-06-15), "AssumeRole", "AssumeRoleWithWebIdentity", "Common Errors": a form
/// in the body of a POST, an answer in XML.
struct SecurityTokenService: Sendable {
    /// What both calls say of the role.
    struct Role: Sendable, Hashable {
        let arn: String
        /// Shows up in the account's trail.
        var sessionName = "linefeed"
        /// Seconds, from 900 to the role's own limit; nil for the service's default of an hour.
        var duration: Int?
        var externalID: String?
    }

    let endpoint: Endpoint
    let region: String
    private let http: CredentialHTTP
    private let time: TimeSource

    /// - Parameters:
    ///   - environment: `AWS_ENDPOINT_URL_STS` and `AWS_ENDPOINT_URL` name another endpoint than the region's own,
    ///     `AWS_CA_BUNDLE` who is believed about its certificate.
    ///   - region: of the endpoint and of the signature.
    ///   - time: the clocks.
    ///   - timeout: for each try.
    /// - Throws: `unusable` where the environment names something that is no endpoint, or no authorities.
    init(
        environment: [String: String], region: String, time: TimeSource, timeout: Duration = .seconds(5)
    ) throws(CredentialError) {
        let override = ["AWS_ENDPOINT_URL_STS", "AWS_ENDPOINT_URL"].first { environment[$0]?.isEmpty == false }
        // The regional endpoint: the global one is a single region's, and a VPC may have no way to it.
        let url =
            override.flatMap { environment[$0] }
            ?? "https://sts.\(region).amazonaws.com\(region.hasPrefix("cn-") ? ".cn" : "")"
        do {
            endpoint = try Endpoint(url)
        } catch {
            throw .unusable("\(override ?? "the region"): \(error)")
        }
        let authorities: TrustedAuthorities?
        do {
            authorities = try TrustedAuthorities.bundle(in: environment)
        } catch {
            throw .unusable("AWS_CA_BUNDLE: \(error)")
        }
        self.region = region
        self.time = time
        http = CredentialHTTP(
            endpoint: endpoint, service: "STS", timeout: timeout, time: time, authorities: authorities)
    }

    /// `AssumeRole`, signed with somebody's credentials.
    func assume(_ role: Role, as credentials: Credentials) async throws(CredentialError) -> TemporaryCredentials {
        var form = form("AssumeRole", role)
        if let externalID = role.externalID { form.append(("ExternalId", externalID)) }
        return try await exchange("AssumeRole of \(role.arn)", form, signedWith: credentials)
    }

    /// `AssumeRoleWithWebIdentity`: the token stands for the credentials, so nothing is signed.
    func assume(_ role: Role, webIdentityToken: String) async throws(CredentialError) -> TemporaryCredentials {
        let form = form("AssumeRoleWithWebIdentity", role) + [("WebIdentityToken", webIdentityToken)]
        return try await exchange("AssumeRoleWithWebIdentity of \(role.arn)", form, signedWith: nil)
    }

    private func form(_ action: String, _ role: Role) -> [(String, String)] {
        var form = [
            ("Action", action), ("Version", "2011-06-15"), ("RoleArn", role.arn), ("RoleSessionName", role.sessionName),
        ]
        if let duration = role.duration { form.append(("DurationSeconds", String(duration))) }
        return form
    }

    private func exchange(
        _ what: String, _ form: [(String, String)], signedWith credentials: Credentials?
    ) async throws(CredentialError) -> TemporaryCredentials {
        let place = "\(what) at \(endpoint.authority)"
        let answer = try await http.answer(to: request(form, signedWith: credentials))
        let document = XMLDocument(answer.body)
        guard answer.status == 200 else {
            guard let code = document?["ErrorResponse", "Error", "Code"] else {
                throw .unavailable("\(place) is answered with HTTP \(answer.status)")
            }
            let reason = "\(place) is refused: \(CredentialText.code(code))"
            // The one refusal that is about the identity provider's health.
            throw code == "IDPCommunicationError" ? .unavailable(reason) : .unusable(reason)
        }
        guard let document, let root = document.root else {
            throw .unavailable("\(place) is answered with \(answer.body.count) bytes that are no XML")
        }
        let result = String(root.dropLast("Response".count)) + "Result"
        func value(_ name: String) throws(CredentialError) -> String {
            guard let value = document[root, result, "Credentials", name], !value.isEmpty else {
                throw .unavailable("\(place) is answered without \(name)")
            }
            return value
        }
        return TemporaryCredentials(
            credentials: Credentials(
                accessKeyID: try value("AccessKeyId"), secretAccessKey: try value("SecretAccessKey"),
                sessionToken: try value("SessionToken")),
            expiresAt: try CredentialText.expiration(try value("Expiration"), from: place))
    }

    private func request(_ form: [(String, String)], signedWith credentials: Credentials?) -> OutgoingRequest {
        // Names are letters alone.
        let body = Array(form.map { "\($0)=\(PercentEncoding.encodeSegment($1))" }.joined(separator: "&").utf8)
        let path = "\(endpoint.basePath)/"
        var headers = [
            (name: "Host", value: endpoint.authority),
            (name: "Content-Type", value: "application/x-www-form-urlencoded; charset=utf-8"),
        ]
        if let credentials {
            headers += Signer(region: region, service: "sts").headers(
                signing: "POST", path: path, query: "", headers: headers,
                payloadSHA256: SHA256.hash(data: body).withUnsafeBytes(Hexadecimal.encode), credentials: credentials,
                date: SigningDate(secondsSince1970: time.wallClock()))
        }
        headers.append((name: "User-Agent", value: "linefeed"))
        var request = OutgoingRequest(target: path)
        request.method = .POST
        request.headers = HTTPHeaders(headers)
        request.body = .bytes(ByteBuffer(bytes: body))
        return request
    }
}
