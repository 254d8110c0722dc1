import NIOHTTP1
import SigV4
import Testing

@testable import DatasetClient

/// The agent of ECS or of EKS Pod Identity, played by a server on loopback.
@Suite(.timeLimit(.minutes(5))) struct CredentialsContainerTests {
    private let time = TestTime()

    private func source(
        _ server: ScriptedServer, _ more: [String: String] = [:], patience: Duration = .seconds(30)
    ) throws -> ContainerCredentials {
        let environment = ["AWS_CONTAINER_CREDENTIALS_FULL_URI": "\(server.endpoint)/v1/credentials/?id=a%2Fb"]
        return try #require(
            try ContainerCredentials(
                environment: environment.merging(more) { $1 }, time: time.source, timeout: patience))
    }

    @Test func theRequestAndWhatComesBack() async throws {
        let file = try TemporaryFile("\(secretMark)-1\n")
        try await ScriptedServer.run { _, count in
            .handsOut("ASIA\(count)", until: 3600)
        } _: { server in
            let source = try source(
                server,
                ["AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE": file.path, "AWS_CONTAINER_AUTHORIZATION_TOKEN": "not this"])
            let first = try await source.fetch()
            #expect(first.credentials.accessKeyID == "ASIA0")
            #expect(first.credentials.secretAccessKey == "hidden/secret")
            #expect(first.credentials.sessionToken == "hidden/token")
            #expect(first.expiresAt == time.source.wallClock() + 3600)
            // The agent's token changes while the process runs.
            try file.write("\(secretMark)-2")
            _ = try await source.fetch()
            let requests = server.requests
            #expect(requests.map(\.method) == ["GET", "GET"])
            #expect(requests.map(\.uri) == Array(repeating: "/v1/credentials/?id=a%2Fb", count: 2))
            #expect(requests.map { $0.headers["authorization"] } == [["hidden-1"], ["hidden-2"]])
        }
    }

    @Test func theTokenOfTheEnvironmentOrNone() async throws {
        try await ScriptedServer.run { _, _ in
            .handsOut("ASIA", until: 3600)
        } _: { server in
            _ = try await source(server, ["AWS_CONTAINER_AUTHORIZATION_TOKEN": "Basic x"]).fetch()
            _ = try await source(server).fetch()
            #expect(server.requests.map { $0.headers["authorization"] } == [["Basic x"], []])
        }
    }

    @Test(arguments: [
        "http://example.com/c", "http://169.254.170.3/c", "http://10.0.0.1/c", "http://127.0.0.1.example.com/c",
        "http://[fd00:ec2::24]/c", "ftp://localhost/c", "http://user:hidden@localhost/",
        "http://localhost/c?x=1\r\nX: hidden", "http://localhost/c?a b", "http://localhost/c?x\n",
        "http://localhost/c?x#f",
    ])
    func overHTTPOnlyThisHostAndTheAgentsAreAsked(_ url: String) async {
        let error = await failure { () throws(CredentialError) in
            try ContainerCredentials(environment: ["AWS_CONTAINER_CREDENTIALS_FULL_URI": url], time: time.source)
        }
        guard case .unusable(let message) = error else {
            Issue.record("\(url) is taken")
            return
        }
        #expect(!message.contains(secretMark))
    }

    @Test(arguments: [
        "http://169.254.170.2/c", "http://169.254.170.23/v1/credentials", "http://[fd00:ec2::23]/v1/credentials",
        "http://localhost:4711/", "http://127.1.2.3/c", "http://[::1]:80/c", "https://example.com/c",
    ])
    func placesThatMayBeAsked(_ url: String) throws {
        #expect(
            try ContainerCredentials(environment: ["AWS_CONTAINER_CREDENTIALS_FULL_URI": url], time: time.source) != nil
        )
    }

    @Test func withoutAConfigurationItIsAbsent() async throws {
        #expect(try ContainerCredentials(environment: [:], time: time.source) == nil)
        #expect(
            try ContainerCredentials(
                environment: ["AWS_CONTAINER_CREDENTIALS_RELATIVE_URI": "/v2/x"], time: time.source) != nil)
    }

    @Test(
        arguments: [
            (.answer(400, [], #"{"code":"hidden"}"#), "unusable", "answers HTTP 400", 1),
            (.answer(401), "unusable", "answers HTTP 401", 1),
            (.answer(503, [], "hidden"), "unavailable", "answers HTTP 503", 3),
            (.answer(429), "unavailable", "answers HTTP 429", 3),
            (.answer(302, [("Location", "http://127.0.0.1:1/")]), "unusable", "answers HTTP 302", 1),
            (.answer(200, [], "<html>hidden"), "unavailable", "bytes that are no credentials in JSON", 1),
            (.answer(200, [], #"{"AccessKeyId":"hidden","Secr"#), "unavailable", "no credentials in JSON", 1),
            (.answer(200, [], #"{"AccessKeyId":"hidden"}"#), "unavailable", "without SecretAccessKey", 1),
            (
                .answer(
                    200, [], #"{"AccessKeyId":"a","SecretAccessKey":"b","Token":"hidden","Expiration":"hidden"}"#),
                "unavailable", "an expiration that is no date", 1
            ),
            (.hangUp, "unavailable", "the container's credential service at 127.0.0.1", 3),
            (.cutOff("{"), "unavailable", "the container's credential service at 127.0.0.1", 3),
            (.silence, "unavailable", "no whole answer within", 3),
            (.stall("{"), "unavailable", "no whole answer within", 3),
        ] as [(ScriptedServer.Reply, String, String, Int)])
    func failures(_ reply: ScriptedServer.Reply, _ kind: String, _ reason: String, _ tries: Int) async throws {
        try await ScriptedServer.run { _, _ in
            reply
        } _: { server in
            let source = try source(server, ["AWS_CONTAINER_AUTHORIZATION_TOKEN": secretMark], patience: reply.patience)
            let error = await failure { () throws(CredentialError) in try await source.fetch() }
            let message = error.map(\.description) ?? ""
            #expect(message.contains(reason))
            #expect(!message.contains(secretMark))
            #expect(error == (kind == "unusable" ? .unusable(message) : .unavailable(message)))
            if !reply.endsByTheClock { #expect(server.requests.count == tries) }
        }
    }

    @Test func aHiccupIsRiddenOut() async throws {
        try await ScriptedServer.run { _, count in
            count < 2 ? .answer(500) : .handsOut("ASIA", until: 60)
        } _: { server in
            let handedOut = try await source(server).fetch()
            #expect(handedOut.credentials.accessKeyID == "ASIA")
        }
    }
}
