import FoundationEssentials
import NIOHTTP1
import SigV4

/// The credentials of the role of an EC2 instance, by version 2 of its metadata service. Version 1, which any request
/// forged from inside can ask, is never used.
///
/// Source: Amazon EC2 User Guide, "Use the Instance Metadata Service" and "Retrieve security credentials from instance
/// metadata"; AWS SDKs and Tools Reference Guide, "IMDS credential provider".
struct InstanceMetadataCredentials: CredentialSource {
    private let http: CredentialHTTP
    /// Somebody named the service: that it does not answer is then a failure, not an absence.
    private let isNamed: Bool

    /// A request may take `timeout`. Nil where `AWS_EC2_METADATA_DISABLED` says so.
    ///
    /// - Throws: `unusable` where `AWS_EC2_METADATA_SERVICE_ENDPOINT` or its mode cannot be understood.
    init?(
        environment: [String: String], time: TimeSource, timeout: Duration = .seconds(1)
    ) throws(CredentialError) {
        func value(_ name: String) -> String? { environment[name].flatMap { $0.isEmpty ? nil : $0 } }
        if value("AWS_EC2_METADATA_DISABLED")?.lowercased() == "true" { return nil }
        let url: String
        isNamed = value("AWS_EC2_METADATA_SERVICE_ENDPOINT") != nil
        if let override = value("AWS_EC2_METADATA_SERVICE_ENDPOINT") {
            url = override
        } else {
            switch value("AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE")?.lowercased() {
            case nil, "ipv4": url = "http://169.254.169.254"
            case "ipv6": url = "http://[fd00:ec2::254]"
            default: throw .unusable("AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE is neither IPv4 nor IPv6")
            }
        }
        let endpoint: Endpoint
        do {
            endpoint = try Endpoint(url)
        } catch {
            throw .unusable("AWS_EC2_METADATA_SERVICE_ENDPOINT: \(error)")
        }
        http = CredentialHTTP(endpoint: endpoint, service: "the instance metadata", timeout: timeout, time: time)
    }

    /// - Throws: `absent` where nobody answers the first request at the usual address, or the instance has no role.
    func fetch() async throws(CredentialError) -> TemporaryCredentials {
        let token = try await sessionToken()
        let role = try await text(
            at: Self.roles, token,
            missing: .absent("\(http.place) knows no role: the instance has no instance profile"))
        guard let name = role.split(whereSeparator: \.isNewline).first, let path = Self.path(of: name) else {
            throw .absent("\(http.place) knows no role: the instance has no instance profile")
        }
        let answer = try await get(path, token)
        guard answer.status == 200 else { throw .unavailable("\(http.place) answers HTTP \(answer.status)") }
        return try CredentialDocument.credentials(in: answer.body, from: http.place)
    }

    private static let roles = "/latest/meta-data/iam/security-credentials/"
    private static let tokenHeader = "X-aws-ec2-metadata-token"

    /// One per renewal, so that none is ever kept past its end.
    private func sessionToken() async throws(CredentialError) -> String {
        var request = OutgoingRequest(target: "\(http.endpoint.basePath)/latest/api/token")
        request.method = .PUT
        request.headers = ["\(Self.tokenHeader)-ttl-seconds": "60", "User-Agent": "linefeed"]
        let answer: APIAnswer
        switch await http.once(request) {
        case .success(let first) where first.status < 500 && first.status != 429: answer = first
        case .success: answer = try await http.answer(to: request)
        // Not a second try: where there is no such service, as on most machines, everybody would wait for it.
        case .failure(let error):
            let reason = "\(http.place): \(error) (in a container on EC2 the instance's hop limit has to be 2)"
            throw isNamed ? .unavailable(reason) : .absent(reason)
        }
        switch answer.status {
        case 200: break
        case 403: throw .absent("\(http.place) is switched off")
        case 404: throw .absent("\(http.place) hands out no session tokens")
        default: throw .unavailable("\(http.place) answers HTTP \(answer.status) to the request for a token")
        }
        guard let token = TokenFile.headerValue(String(decoding: answer.body, as: UTF8.self)) else {
            throw .unavailable("\(http.place) answers with an empty token")
        }
        return token
    }

    private func text(
        at path: String, _ token: String, missing: CredentialError
    ) async throws(CredentialError) -> String {
        let answer = try await get(path, token)
        switch answer.status {
        case 200: return String(decoding: answer.body, as: UTF8.self)
        case 404: throw missing
        default: throw .unavailable("\(http.place) answers HTTP \(answer.status)")
        }
    }

    private func get(_ path: String, _ token: String) async throws(CredentialError) -> APIAnswer {
        var request = OutgoingRequest(target: "\(http.endpoint.basePath)\(path)")
        request.headers = [Self.tokenHeader: token, "User-Agent": "linefeed"]
        return try await http.answer(to: request)
    }

    /// Names of roles have letters, digits and `+=,.@-_`; anything else would address something else.
    private static func path(of role: Substring) -> String? {
        let isName = role.utf8.allSatisfy {
            switch $0 {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"):
                true
            default: "+=,.@-_".utf8.contains($0)
            }
        }
        return isName && !role.isEmpty && role != "." && role != ".." ? roles + role : nil
    }
}
