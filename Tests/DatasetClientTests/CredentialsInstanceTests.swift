import NIOHTTP1
import SigV4
import Testing

@testable import DatasetClient

/// The metadata service of an EC2 instance, played by a server on loopback.
@Suite(.timeLimit(.minutes(5))) struct CredentialsInstanceTests {
    private let time = TestTime()
    private static let roles = "/latest/meta-data/iam/security-credentials/"

    private func source(_ server: ScriptedServer, patience: Duration = .seconds(30)) throws
        -> InstanceMetadataCredentials
    {
        try #require(
            try InstanceMetadataCredentials(
                environment: ["AWS_EC2_METADATA_SERVICE_ENDPOINT": "\(server.endpoint)/"], time: time.source,
                timeout: patience))
    }

    /// The protocol as it is documented, but for one step.
    private static func instance(
        _ request: ScriptedServer.Request, except step: String = "", _ reply: ScriptedServer.Reply = .silence
    ) -> ScriptedServer.Reply {
        if request.uri == step { return reply }
        guard request.method == "PUT" || request.headers["x-aws-ec2-metadata-token"] == ["hidden=="] else {
            return .answer(401)
        }
        return switch (request.method, request.uri) {
        case ("PUT", "/latest/api/token"):
            request.headers["x-aws-ec2-metadata-token-ttl-seconds"] == ["60"]
                ? .answer(200, [], "hidden==") : .answer(400)
        case ("GET", roles): .answer(200, [], "pool-role\n")
        case ("GET", roles + "pool-role"): .handsOut("ASIA", until: 21_600, code: "Success")
        default: .answer(404)
        }
    }

    @Test func theThreeRequests() async throws {
        try await ScriptedServer.run { request, _ in
            Self.instance(request)
        } _: { server in
            let handedOut = try await source(server).fetch()
            #expect(handedOut.credentials.accessKeyID == "ASIA")
            #expect(handedOut.expiresAt == time.source.wallClock() + 21_600)
            #expect(server.requests.map(\.method) == ["PUT", "GET", "GET"])
            #expect(server.requests.map(\.uri) == ["/latest/api/token", Self.roles, Self.roles + "pool-role"])
        }
    }

    @Test(
        arguments: [
            ("/latest/api/token", .answer(403), "absent", "is switched off"),
            ("/latest/api/token", .answer(404), "absent", "hands out no session tokens"),
            ("/latest/api/token", .answer(400), "unavailable", "answers HTTP 400 to the request for a token"),
            ("/latest/api/token", .answer(200), "unavailable", "an empty token"),
            ("/latest/api/token", .answer(200, [], "a\r\nb"), "unavailable", "an empty token"),
            ("/latest/api/token", .answer(500), "unavailable", "answers HTTP 500"),
            ("/latest/api/token", .silence, "unavailable", "hop limit has to be 2"),
            (roles, .answer(404), "absent", "knows no role"),
            (roles, .answer(200, [], ""), "absent", "knows no role"),
            (roles, .answer(200, [], "../../hidden"), "absent", "knows no role"),
            (roles, .answer(401), "unavailable", "answers HTTP 401"),
            (roles, .silence, "unavailable", "no whole answer within"),
            (roles + "pool-role", .answer(404), "unavailable", "answers HTTP 404"),
            (
                roles + "pool-role", .answer(200, [], #"{"Code":"AssumeRoleUnauthorizedAccess","Message":"hidden"}"#),
                "unavailable", "has no credentials: AssumeRoleUnauthorizedAccess"
            ),
            (
                roles + "pool-role", .answer(200, [], #"{"Code":"hidden text"}"#), "unavailable",
                "an error without a name"
            ),
            (roles + "pool-role", .answer(200, [], "hidden"), "unavailable", "no credentials in JSON"),
            (roles + "pool-role", .cutOff("{"), "unavailable", "the instance metadata at 127.0.0.1"),
        ] as [(String, ScriptedServer.Reply, String, String)])
    func failures(_ step: String, _ reply: ScriptedServer.Reply, _ kind: String, _ reason: String) async throws {
        try await ScriptedServer.run { request, _ in
            Self.instance(request, except: step, reply)
        } _: { server in
            let source = try source(server, patience: reply.patience)
            let error = await failure { () throws(CredentialError) in try await source.fetch() }
            let message = error.map(\.description) ?? ""
            #expect(message.contains(reason))
            #expect(!message.contains(secretMark))
            #expect(error == (kind == "absent" ? .absent(message) : .unavailable(message)))
        }
    }

    @Test func whereItIsAndWhetherItIsAsked() async throws {
        #expect(
            try InstanceMetadataCredentials(environment: ["AWS_EC2_METADATA_DISABLED": "True"], time: time.source)
                == nil)
        for mode in ["IPv4", "ipv6"] {
            #expect(
                try InstanceMetadataCredentials(
                    environment: ["AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE": mode], time: time.source) != nil)
        }
        for environment in [
            ["AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE": "IPX"], ["AWS_EC2_METADATA_SERVICE_ENDPOINT": "nonsense"],
        ] {
            let error = await failure { () throws(CredentialError) in
                try InstanceMetadataCredentials(environment: environment, time: time.source)
            }
            guard case .unusable = error else {
                Issue.record("\(environment) is taken")
                continue
            }
        }
    }
}
