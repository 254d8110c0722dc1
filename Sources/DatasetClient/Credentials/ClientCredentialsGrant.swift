import FoundationEssentials
import LookoutVision
import NIOCore
import NIOHTTP1

/// A bearer token for a client's name and secret.
///
/// Source: RFC 6749, 4.4 (the grant), 2.3.1 (the client's name and secret as HTTP Basic), 5.1 and 5.2 (the answers).
package struct ClientCredentialsGrant: Sendable {
    /// What the server hands out. Its value never shows.
    package struct Token: Sendable, CustomStringConvertible, CustomReflectable {
        package let value: String
        /// Seconds since 1970-01-01T00:00:00Z.
        package let expiresAt: Int

        /// Nothing of the value.
        package var description: String { "Token(until \(expiresAt))" }
        package var customMirror: Mirror { Mirror(self, children: ["expiresAt": expiresAt]) }
    }

    private let target: String
    private let authorization: String
    private let body: String
    private let http: CredentialHTTP
    private let time: TimeSource

    /// - Parameters:
    ///   - url: of the server's token endpoint.
    ///   - clientID: the client's name.
    ///   - clientSecret: its password.
    ///   - scope: what for; nil leaves that to the server.
    ///   - authorities: who is believed about the server's certificate; nil for whom the system believes.
    ///   - time: the clocks.
    ///   - timeout: for each try.
    /// - Throws: where the URL is none.
    package init(
        url: String, clientID: String, clientSecret: String, scope: String?,
        authorities: TrustedAuthorities? = nil, time: TimeSource = .system, timeout: Duration = .seconds(5)
    ) throws(Endpoint.Invalid) {
        let endpoint = try Endpoint(url)
        target = endpoint.target(in: url)
        self.time = time
        let pair = "\(PercentEncoding.encodeSegment(clientID)):\(PercentEncoding.encodeSegment(clientSecret))"
        authorization = "Basic \(Data(pair.utf8).base64EncodedString())"
        let scope = scope.map { $0.isEmpty ? "" : "&scope=\(PercentEncoding.encodeSegment($0))" } ?? ""
        body = "grant_type=client_credentials\(scope)"
        http = CredentialHTTP(
            endpoint: endpoint, service: "the token endpoint", timeout: timeout, time: time, authorities: authorities)
    }

    /// A fresh one.
    package func token() async throws(CredentialError) -> Token {
        var request = OutgoingRequest(target: target)
        request.method = .POST
        request.headers = [
            "Authorization": authorization, "Content-Type": "application/x-www-form-urlencoded",
            "Accept": "application/json", "User-Agent": "linefeed",
        ]
        request.body = .bytes(ByteBuffer(string: body))
        let askedAt = time.wallClock()
        let answer = try await http.answer(to: request)
        let document = try? JSONDecoder().decode(Answer.self, from: answer.body)
        guard answer.status == 200 else {
            let code = document?.error.map { ": \(CredentialText.code($0))" } ?? ""
            throw .unusable("\(http.place) answers HTTP \(answer.status)\(code)")
        }
        guard let value = document?.token, !value.isEmpty, document?.type?.lowercased() == "bearer",
            let lifetime = document?.lifetime, lifetime > 0
        else { throw .unavailable("\(http.place) answers without access_token, token_type=Bearer or expires_in") }
        return Token(value: value, expiresAt: askedAt + lifetime)
    }

    private struct Answer: Decodable {
        let token: String?
        let type: String?
        /// Seconds.
        let lifetime: Int?
        let error: String?

        private enum CodingKeys: String, CodingKey {
            case token = "access_token"
            case type = "token_type"
            case lifetime = "expires_in"
            case error
        }
    }
}
