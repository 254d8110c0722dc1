import NIOCore
import NIOHTTP1
import Testing

@testable import DatasetClient

/// The token endpoint of an OAuth 2.0 server, played by a server on loopback.
@Suite(.timeLimit(.minutes(5))) struct CredentialsGrantTests {
    private let time = TestTime()

    private func grant(_ server: ScriptedServer, scope: String? = nil, patience: Duration = .seconds(30)) throws
        -> ClientCredentialsGrant
    {
        try ClientCredentialsGrant(
            url: "\(server.endpoint)/oauth2/token", clientID: "po:ol", clientSecret: "hidden/é", scope: scope,
            time: time.source, timeout: patience)
    }

    @Test func asSentAndReceived() async throws {
        try await ScriptedServer.run { _, _ in
            .answer(200, [], #"{"access_token":"hidden.jwt","token_type":"bearer","expires_in":300,"x":[1]}"#)
        } _: { server in
            let token = try await grant(server, scope: "kafka:read write").token()
            #expect(token.value == "hidden.jwt")
            #expect(token.expiresAt == time.source.wallClock() + 300)
            var dumped = ""
            dump(token, to: &dumped)
            #expect(!"\(token)\(dumped)".contains(secretMark))
            let request = try #require(server.requests.first)
            #expect(request.method == "POST" && request.uri == "/oauth2/token")
            // po%3Aol:hidden%2F%C3%A9
            #expect(request.headers["authorization"] == ["Basic cG8lM0FvbDpoaWRkZW4lMkYlQzMlQTk="])
            #expect(request.form == ["grant_type": "client_credentials", "scope": "kafka:read write"])
        }
    }

    @Test(
        arguments: [
            (.answer(401, [], #"{"error":"invalid_client","error_description":"hidden"}"#), "HTTP 401: invalid_client"),
            (.answer(400, [], "hidden"), "HTTP 400"),
            (.answer(200, [], "hidden"), "answers without access_token"),
            (.answer(200, [], #"{"access_token":"hidden","token_type":"mac","expires_in":300}"#), "token_type=Bearer"),
            (.answer(200, [], #"{"access_token":"hidden","token_type":"Bearer"}"#), "expires_in"),
            (.answer(502), "HTTP 502"),
            (.silence, "no whole answer"),
        ] as [(ScriptedServer.Reply, String)])
    func failures(_ reply: ScriptedServer.Reply, _ reason: String) async throws {
        try await ScriptedServer.run { _, _ in
            reply
        } _: { server in
            let grant = try grant(server, patience: reply.patience)
            let message = await failure { () throws(CredentialError) in try await grant.token() }?.description ?? ""
            #expect(message.contains(reason) && !message.contains(secretMark))
        }
    }
}
