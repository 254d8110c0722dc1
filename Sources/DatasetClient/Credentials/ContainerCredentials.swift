import NIOHTTP1
import SigV4

/// The credentials of an ECS task or of an EKS pod with Pod Identity, from the agent beside the container.
///
/// Source: AWS SDKs and Tools Reference Guide, "Container credential provider".
struct ContainerCredentials: CredentialSource {
    private let target: String
    private let token: Token
    private let http: CredentialHTTP

    private enum Token: Sendable {
        case none
        case text(String)
        case file(String)
    }

    /// A request may take `timeout`. Nil where the environment names no such service.
    ///
    /// - Throws: `unusable` where it names one that must not be asked, or a token that cannot be sent.
    init?(
        environment: [String: String], time: TimeSource, timeout: Duration = .seconds(2)
    ) throws(CredentialError) {
        func value(_ name: String) -> String? { environment[name].flatMap { $0.isEmpty ? nil : $0 } }
        let url: String
        let name: String
        if let relative = value("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI") {
            name = "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"
            guard relative.hasPrefix("/") else { throw .unusable("\(name) does not begin with a slash") }
            url = "http://\(Self.elasticContainerService)\(relative)"
        } else if let full = value("AWS_CONTAINER_CREDENTIALS_FULL_URI") {
            name = "AWS_CONTAINER_CREDENTIALS_FULL_URI"
            url = full
        } else {
            return nil
        }
        guard url.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7f && $0 != UInt8(ascii: "#") }) else {
            throw .unusable("\(name) holds white space, a fragment or characters outside ASCII")
        }
        // The agent's path may have a query, which an endpoint of the API may not.
        let question = url.firstIndex(of: "?") ?? url.endIndex
        let endpoint: Endpoint
        do {
            endpoint = try Endpoint(String(url[..<question]))
        } catch {
            throw .unusable("\(name): \(error)")
        }
        guard endpoint.scheme == "https" || Self.isLocal(endpoint.authority) else {
            throw .unusable("\(name): over http only this host and the agents of ECS and EKS are asked")
        }
        target = endpoint.target(in: url)
        if let file = value("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE") {
            token = .file(file)
        } else if let text = value("AWS_CONTAINER_AUTHORIZATION_TOKEN") {
            guard let text = TokenFile.headerValue(text) else {
                throw .unusable("AWS_CONTAINER_AUTHORIZATION_TOKEN holds line breaks")
            }
            token = .text(text)
        } else {
            token = .none
        }
        http = CredentialHTTP(
            endpoint: endpoint, service: "the container's credential service", timeout: timeout, time: time)
    }

    /// The token's file is read each time.
    func fetch() async throws(CredentialError) -> TemporaryCredentials {
        var request = OutgoingRequest(target: target)
        request.headers = ["Accept": "application/json", "User-Agent": "linefeed"]
        switch token {
        case .none: break
        case .text(let text): request.headers.add(name: "Authorization", value: text)
        case .file(let path): request.headers.add(name: "Authorization", value: try TokenFile.read(path))
        }
        let answer = try await http.answer(to: request)
        guard answer.status == 200 else { throw .unusable("\(http.place) answers HTTP \(answer.status)") }
        return try CredentialDocument.credentials(in: answer.body, from: http.place)
    }

    private static let elasticContainerService = "169.254.170.2"
    private static let agents: Set = [elasticContainerService, "169.254.170.23", "[fd00:ec2::23]"]

    /// Who may hear the token, and hand out credentials, without TLS.
    private static func isLocal(_ authority: String) -> Bool {
        let host = authority.hasPrefix("[") ? authority.prefix { $0 != "]" } + "]" : authority.prefix { $0 != ":" }
        if agents.contains(String(host)) || host == "localhost" || host == "[::1]" { return true }
        let octets = host.split(separator: ".", omittingEmptySubsequences: false).map { UInt8($0) }
        return octets.count == 4 && octets.first == 127 && !octets.contains(nil)
    }
}
