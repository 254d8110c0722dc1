import Crypto
import Foundation
import NIOCore
import NIOHTTP1
import SigV4
import Testing

@testable import DatasetClient

/// Roles by STS, played by a server on loopback.
@Suite(.timeLimit(.minutes(5))) struct CredentialsRoleTests {
    private let time = TestTime()
    private static let assume = "AssumeRole"
    private static let web = "AssumeRoleWithWebIdentity"
    private let role = SecurityTokenService.Role(
        arn: "arn:aws:iam::123456789012:role/pool", sessionName: "worker@a", duration: 900, externalID: "x/ü &")

    private func service(_ server: ScriptedServer, patience: Duration = .seconds(30)) throws -> SecurityTokenService {
        try SecurityTokenService(
            environment: ["AWS_ENDPOINT_URL_STS": "\(server.endpoint)", "AWS_ENDPOINT_URL": "http://nobody"],
            region: "eu-central-1", time: time.source, timeout: patience)
    }

    @Test func assumingARoleAsSentAndSigned() async throws {
        try await ScriptedServer.run { _, _ in
            .assumed(Self.assume, "ASIA", until: 900)
        } _: { server in
            let source = AssumeRoleCredentials(
                role: role, source: StaticCredentials(), service: try service(server))
            let handedOut = try await source.fetch()
            #expect(handedOut.credentials.accessKeyID == "ASIA")
            #expect(handedOut.credentials.secretAccessKey == "hidden&secret")
            #expect(handedOut.credentials.sessionToken == "hidden/token")
            #expect(handedOut.expiresAt == time.source.wallClock() + 900)
            let request = try #require(server.requests.first)
            #expect(request.method == "POST" && request.uri == "/")
            #expect(
                request.form == [
                    "Action": "AssumeRole", "Version": "2011-06-15", "RoleArn": role.arn, "RoleSessionName": "worker@a",
                    "DurationSeconds": "900", "ExternalId": "x/ü &",
                ])
            #expect(request.headers["x-amz-security-token"] == [StaticCredentials.token])
            let scope = CredentialScope(day: "20150830", region: "eu-central-1", service: "sts")
            let names = ["content-type", "host", "x-amz-date", "x-amz-security-token"]
            let canonical = CanonicalRequest(
                method: "POST", path: "/", query: "",
                headers: names.map { (name: $0, value: request.headers.first(name: $0) ?? "") },
                payloadSHA256: SHA256.hash(data: Array(request.body.readableBytesView)).withUnsafeBytes(
                    Hexadecimal.encode))
            let signature = Signature.signature(
                of: Signature.stringToSign(canonical, timestamp: "20150830T123600Z", scope: scope),
                secretAccessKey: StaticCredentials.secret, scope: scope)
            #expect(request.headers.first(name: "authorization")?.hasSuffix("Signature=\(signature)") == true)
        }
    }

    @Test func aWebIdentityAsSentUnsigned() async throws {
        let token = try TemporaryFile("\(secretMark).jwt.1\n")
        try await ScriptedServer.run { _, count in
            .assumed(Self.web, "ASIA\(count)", until: 3600)
        } _: { server in
            let environment = [
                "AWS_WEB_IDENTITY_TOKEN_FILE": token.path, "AWS_ROLE_ARN": role.arn, "AWS_ROLE_SESSION_NAME": "pod",
            ]
            let (role, file) = try #require(try WebIdentityCredentials.role(in: environment))
            let source = WebIdentityCredentials(role: role, tokenFile: file, service: try service(server))
            #expect(try await source.fetch().credentials.accessKeyID == "ASIA0")
            try token.write("\(secretMark).jwt.2")
            #expect(try await source.fetch().credentials.accessKeyID == "ASIA1")
            #expect(
                server.requests[0].form == [
                    "Action": "AssumeRoleWithWebIdentity", "Version": "2011-06-15", "RoleArn": role.arn,
                    "RoleSessionName": "pod", "WebIdentityToken": "hidden.jwt.1",
                ])
            #expect(server.requests[1].form["WebIdentityToken"] == "hidden.jwt.2")
            #expect(server.requests.allSatisfy { !$0.headers.contains(name: "authorization") })
        }
    }

    @Test func halfAWebIdentityIsAMistake() async throws {
        #expect(try WebIdentityCredentials.role(in: ["AWS_ROLE_ARN": "a"]) == nil)
        #expect(
            await failure { () throws(CredentialError) in
                try WebIdentityCredentials.role(in: ["AWS_WEB_IDENTITY_TOKEN_FILE": "/t"])
            } == .unusable("AWS_WEB_IDENTITY_TOKEN_FILE is set, AWS_ROLE_ARN is not"))
    }

    @Test(
        arguments: [
            (.refused(403, "AccessDenied"), "unusable", "is refused: AccessDenied", 1),
            (.refused(400, "ExpiredTokenException"), "unusable", "is refused: ExpiredTokenException", 1),
            (.refused(400, "IDPCommunicationError"), "unavailable", "is refused: IDPCommunicationError", 1),
            (.refused(400, "hidden hidden"), "unusable", "an error without a name", 1),
            (.answer(403, [], "hidden"), "unavailable", "is answered with HTTP 403", 1),
            (.refused(503, "ServiceUnavailable"), "unavailable", "answers HTTP 503", 3),
            (.answer(200, [], "<html>hidden"), "unavailable", "bytes that are no XML", 1),
            (.answer(200, [], "<AssumeRoleResponse></AssumeRoleResponse>"), "unavailable", "without AccessKeyId", 1),
            (.cutOff("<AssumeRole"), "unavailable", "STS at 127.0.0.1", 3),
            (.silence, "unavailable", "no whole answer within", 3),
        ] as [(ScriptedServer.Reply, String, String, Int)])
    func failures(_ reply: ScriptedServer.Reply, _ kind: String, _ reason: String, _ tries: Int) async throws {
        let token = try TemporaryFile(secretMark)
        try await ScriptedServer.run { _, _ in
            reply
        } _: { server in
            let service = try service(server, patience: reply.patience)
            let sources: [any CredentialSource] = [
                AssumeRoleCredentials(role: role, source: StaticCredentials(), service: service),
                WebIdentityCredentials(role: role, tokenFile: token.path, service: service),
            ]
            for source in sources {
                let error = await failure { () throws(CredentialError) in try await source.fetch() }
                let message = error.map(\.description) ?? ""
                #expect(message.contains(reason))
                #expect(!message.contains(secretMark) && !message.contains(StaticCredentials.secret))
                #expect(error == (kind == "unusable" ? .unusable(message) : .unavailable(message)))
            }
            if !reply.endsByTheClock { #expect(server.requests.count == 2 * tries) }
        }
    }

    @Test func endpointsOfRegions() throws {
        func endpoint(_ region: String, _ environment: [String: String] = [:]) throws -> String {
            try SecurityTokenService(environment: environment, region: region, time: time.source).endpoint.description
        }
        #expect(try endpoint("eu-west-1") == "https://sts.eu-west-1.amazonaws.com")
        #expect(try endpoint("cn-north-1") == "https://sts.cn-north-1.amazonaws.com.cn")
        #expect(try endpoint("x", ["AWS_ENDPOINT_URL": "http://all:1"]) == "http://all:1")
        #expect(throws: CredentialError.self) { try endpoint("x", ["AWS_ENDPOINT_URL_STS": "nonsense"]) }
    }
}
