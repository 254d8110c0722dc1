import Certificates
import Foundation
import LookoutVision
import NIOCore
import NIOHTTP1
import SigV4
import Testing

@testable import DatasetClient

/// Whom the client and the services behind its credentials believe, over real TLS.
@Suite(.timeLimit(.minutes(5))) struct CertificateTests {
    private static let unknown = "no known authority has signed it"
    private let time = TestTime()
    private let certificates: Certificates

    /// Made once: `openssl` is a dozen processes, and the thread that waits for them is one of a few.
    private static let made = Result { try Certificates() }

    init() throws {
        certificates = try Self.made.get()
    }

    @Test(
        "A certificate that is not believed is said at once, however patient the client is",
        arguments: [
            (nil, "server", unknown), ("stranger-ca.pem", "server", unknown),
            ("ca.pem", "elsewhere", "it is for another name"), ("ca.pem", "server", nil),
        ] as [(String?, String, String?)])
    func listing(_ authority: String?, _ name: String, _ reason: String?) async throws {
        try await ScriptedServer.run(tls: certificates.server(name)) { _, _ in
            .answer(200, [], #"{"DatasetEntries":["{}"]}"#)
        } _: { server in
            let authorities = try authority.map { name in try TrustedAuthorities(path: certificates.path(name)) }
            let read = try await DatasetClient.with(server, time: time) {
                $0.authorities = authorities
            } _: { client in
                var read: (entries: [String], error: DatasetClientError?) = ([], nil)
                do throws(DatasetClientError) {
                    for try await page in client.listDatasetEntries(project: "boards", type: .train) {
                        read.entries += page
                    }
                } catch {
                    read.error = error
                }
                return read
            }
            guard let reason else {
                #expect(read.entries == ["{}"] && read.error == nil)
                return
            }
            guard case .untrusted(let message) = read.error else {
                Issue.record("\(String(describing: read.error))")
                return
            }
            #expect(message.contains(reason))
            #expect(read.error?.isAboutAccess == false && read.entries.isEmpty && server.requests.isEmpty)
            // Nothing was waited for.
            #expect(time.slept.isEmpty)
        }
    }

    private static let isLocalhostKnown =
        (try? SocketAddress.makeAddressResolvingHost("localhost", port: 1))?.protocol == .inet

    @Test("A server is known by its name too", .enabled("localhost has no address here") { isLocalhostKnown })
    func serverByName() async throws {
        try await ScriptedServer.run(tls: certificates.server()) { _, _ in
            .described("CREATE_COMPLETE")
        } _: { server in
            let endpoint = try Endpoint("https://localhost:\(server.endpoint.port)")
            let authorities = try TrustedAuthorities(path: certificates.path("ca.pem"))
            try await DatasetClient.with(endpoint) {
                $0.authorities = authorities
            } _: { client in
                let state = try await client.describeDataset(project: "p", type: .train)
                #expect(state.status == .createComplete)
            }
        }
    }

    private static let longest = UpdateBody(ByteBuffer(repeating: 0x5a, count: Limits.changesBytes.upperBound))

    @Test("The longest body arrives over TLS")
    func longBody() async throws {
        try await ScriptedServer.run(tls: certificates.server()) { _, _ in
            .accepted("UPDATE_COMPLETE")
        } _: { server in
            let authorities = try TrustedAuthorities(path: certificates.path("ca.pem"))
            try await DatasetClient.with(server, { $0.authorities = authorities }) { client in
                let outcome = try await client.update(project: "p", type: .test, body: Self.longest, token: "t")
                #expect(outcome == .completed)
            }
            let sent = Self.longest.asSent()
            #expect(server.requests.first?.body == sent)
        }
    }

    @Test(
        "A refusal before the body's end is heard over TLS",
        arguments: [.refusedUnread(403, ""), .refusedUntouched(413, ""), .refusedLate(413)] as [ScriptedServer.Reply])
    func earlyRefusal(_ reply: ScriptedServer.Reply) async throws {
        try await ScriptedServer.run(tls: certificates.server()) { _, _ in
            reply
        } _: { server in
            let authorities = try TrustedAuthorities(path: certificates.path("ca.pem"))
            try await DatasetClient.with(server) {
                $0.authorities = authorities
                $0.requestTimeout = .seconds(600)
            } _: { client in
                let error = await #expect(throws: DatasetClientError.self) {
                    try await client.update(project: "p", type: .test, body: Self.longest, token: "t")
                }
                guard case .unexpectedStatus(let status, _, _) = error else {
                    Issue.record("\(String(describing: error))")
                    return
                }
                #expect(status == 403 || status == 413)
            }
        }
    }

    @Test("STS is believed by AWS_CA_BUNDLE", arguments: [nil, "stranger-ca.pem", "ca.pem"])
    func tokenService(_ bundle: String?) async throws {
        try await ScriptedServer.run(tls: certificates.server()) { request, _ in
            .assumed(request.form["Action"] ?? "", "ASIA", until: 3600)
        } _: { server in
            var environment = ["AWS_ENDPOINT_URL_STS": "\(server.endpoint)"]
            environment["AWS_CA_BUNDLE"] = bundle.map(certificates.path)
            let service = try SecurityTokenService(
                environment: environment, region: "eu-central-1", time: time.source, timeout: .seconds(30))
            let role = SecurityTokenService.Role(arn: "arn:aws:iam::123456789012:role/pool")
            let token = try TemporaryFile(secretMark)
            let sources: [any CredentialSource] = [
                AssumeRoleCredentials(role: role, source: StaticCredentials(), service: service),
                WebIdentityCredentials(role: role, tokenFile: token.path, service: service),
            ]
            for source in sources {
                guard bundle != "ca.pem" else {
                    #expect(try await source.fetch().credentials.accessKeyID == "ASIA")
                    continue
                }
                let error = await failure { () throws(CredentialError) in try await source.fetch() }
                #expect(error?.description.contains(Self.unknown) == true, "\(String(describing: error))")
            }
            #expect(server.requests.count == (bundle == "ca.pem" ? 2 : 0))
            #expect(time.slept.isEmpty)
        }
    }

    @Test("A bundle that cannot be read is named, by its variable")
    func unreadableBundle() async throws {
        let error = await failure { () throws(CredentialError) in
            try SecurityTokenService(
                environment: ["AWS_CA_BUNDLE": "/nowhere.pem"], region: "eu-central-1", time: time.source
            ).endpoint
        }
        #expect(
            error == .unusable("AWS_CA_BUNDLE: /nowhere.pem cannot be read, or holds no certificate in PEM"))
    }

    @Test(
        "An OAuth server is believed by the authorities that were given", arguments: [nil, "stranger-ca.pem", "ca.pem"])
    func grant(_ authority: String?) async throws {
        try await ScriptedServer.run(tls: certificates.server()) { _, _ in
            .answer(200, [], #"{"access_token":"hidden.jwt","token_type":"bearer","expires_in":300}"#)
        } _: { server in
            let grant = try ClientCredentialsGrant(
                url: "\(server.endpoint)/token", clientID: "pool", clientSecret: "hidden", scope: nil,
                authorities: try authority.map { name in
                    try TrustedAuthorities(path: certificates.path(name), besidesSystem: true)
                }, time: time.source, timeout: .seconds(30))
            guard authority != "ca.pem" else {
                #expect(try await grant.token().value == "hidden.jwt")
                return
            }
            let error = await failure { () throws(CredentialError) in try await grant.token() }
            #expect(error?.description.contains(Self.unknown) == true, "\(String(describing: error))")
        }
    }

    @Test("A folder of certificates does as well as a file")
    func folder() throws {
        #expect(
            try TrustedAuthorities(path: certificates.folder) != TrustedAuthorities(path: certificates.path("ca.pem")))
        #expect(throws: TrustedAuthorities.Unreadable.self) {
            try TrustedAuthorities(path: certificates.path("ca.key"))
        }
    }
}
