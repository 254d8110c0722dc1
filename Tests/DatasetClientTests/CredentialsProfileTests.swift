import Foundation
import NIOHTTP1
import SigV4
import Testing

@testable import DatasetClient

/// Where a profile's credentials come from.
@Suite(.timeLimit(.minutes(5))) struct CredentialsProfileTests {
    private static let keys = "aws_access_key_id = id\naws_secret_access_key = hidden\n"

    private func plan(_ profile: String, _ config: String, credentials: String = "") throws -> ProfilePlan? {
        let contents = SharedFiles.Contents(
            config: try INIDocument(config).sections, credentials: try INIDocument(credentials).sections)
        return try ProfilePlan(profile: profile, in: contents)
    }

    @Test func aRoleByAnotherProfile() throws {
        let config = """
            [profile pool]
            role_arn = arn:pool
            source_profile = middle
            external_id = e
            duration_seconds = 3600
            role_session_name = me
            [profile middle]
            role_arn = arn:middle
            source_profile = middle
            [profile plain]
            region = x
            """
        let own = ProfilePlan.keys(Credentials(accessKeyID: "id", secretAccessKey: "hidden"))
        let pool = SecurityTokenService.Role(arn: "arn:pool", sessionName: "me", duration: 3600, externalID: "e")
        #expect(
            try plan("pool", config, credentials: "[middle]\n\(Self.keys)")
                == .role(pool, with: .role(.init(arn: "arn:middle"), with: own)))
        #expect(try plan("plain", config) == nil)
    }

    @Test func aRoleByWhatIsOutsideOfTheFiles() throws {
        for (name, source) in [
            ("Environment", ProfilePlan.environment), ("EcsContainer", .container),
            ("Ec2InstanceMetadata", .instanceMetadata),
        ] {
            #expect(
                try plan("p", "[profile p]\nrole_arn=r\ncredential_source=\(name)")
                    == .role(.init(arn: "r"), with: source))
        }
        #expect(
            try plan("p", "[profile p]\nrole_arn=r\nweb_identity_token_file=/t")
                == .webIdentity(.init(arn: "r"), tokenFile: "/t"))
    }

    @Test(arguments: [
        ("[profile p]\nrole_arn=r", "no source_profile, credential_source or web_identity_token_file"),
        ("[profile p]\nrole_arn=r\nsource_profile=q", "source_profile q, which is not there"),
        ("[profile p]\nrole_arn=r\nsource_profile=q\n[profile q]\nregion=x", "profile q, the source_profile of p"),
        ("[profile p]\nrole_arn=r\nsource_profile=p", "profile p, the source_profile of p, has no credentials"),
        (
            "[profile p]\nrole_arn=r\nsource_profile=q\n[profile q]\nrole_arn=s\nsource_profile=p",
            "goes round in a circle: p, q, p"
        ),
        ("[profile p]\nrole_arn=r\ncredential_source=hidden", "credential_source takes"),
        ("[profile p]\nrole_arn=r\ncredential_source=Environment\nsource_profile=q", "more than one of"),
        ("[profile p]\nrole_arn=r\nsource_profile=q\nmfa_serial=m", "mfa_serial"),
        ("[profile p]\nrole_arn=r\ncredential_source=Environment\nduration_seconds=60", "takes 900 to 43200"),
    ])
    func mistakes(_ config: String, _ reason: String) {
        let error = #expect(throws: CredentialError.self) { try plan("p", config) }
        guard case .unusable(let message) = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(message.contains(reason) && !message.contains(secretMark))
    }

    /// The whole way: the chain, the files, two roles one after the other, a cache for each.
    @Test func theChainAssumesAProfilesRole() async throws {
        let time = TestTime()
        let config = try TemporaryFile(
            """
            [profile pool]
            role_arn = arn:pool
            source_profile = base
            [profile base]
            role_arn = arn:base
            credential_source = Environment
            """)
        try await ScriptedServer.run { request, _ in
            .assumed("AssumeRole", "ASIA-\(request.form["RoleArn"] ?? "")", until: 3600)
        } _: { server in
            let environment = [
                "AWS_CONFIG_FILE": config.path, "AWS_SHARED_CREDENTIALS_FILE": "/nowhere", "AWS_PROFILE": "pool",
                "AWS_ENDPOINT_URL_STS": "\(server.endpoint)", "AWS_ACCESS_KEY_ID": "id",
                "AWS_SECRET_ACCESS_KEY": "hidden",
            ]
            let provider = SharedFileCredentials(
                files: SharedFiles(environment: environment), context: .test(environment, time: time))
            for _ in 0..<2 {
                #expect(try await provider.credentials()?.accessKeyID == "ASIA-arn:pool")
                // The files are read again; the plan is the same, so are the caches.
                time.advance(by: .seconds(61))
            }
            let signers = server.requests.map { $0.headers.first(name: "authorization")?.contains("Credential=id/") }
            #expect(signers == [true, false])
            try config.write("[profile pool]\nrole_arn = arn:other\ncredential_source = Environment\n")
            #expect(try await provider.credentials()?.accessKeyID == "ASIA-arn:other")
            #expect(server.requests.count == 3)
        }
    }

    @Test func theOrderOfTheChain() async throws {
        let token = try TemporaryFile(secretMark)
        let time = TestTime()
        try await ScriptedServer.run { request, _ in
            switch request.uri {
            case "/sts/": .assumed("AssumeRoleWithWebIdentity", "WEB", until: 3600)
            case "/container": .handsOut("CONTAINER", until: 3600)
            case "/imds/latest/api/token": .answer(200, [], "t")
            case "/imds/latest/meta-data/iam/security-credentials/": .answer(200, [], "r")
            default: .handsOut("INSTANCE", until: 3600, code: "Success")
            }
        } _: { server in
            let config = try TemporaryFile("[default]\naws_access_key_id = FILE\naws_secret_access_key = s\n")
            // From the last place to the first: each goes before those that were there already.
            let steps: [(String, [String: String])] = [
                ("INSTANCE", ["AWS_EC2_METADATA_SERVICE_ENDPOINT": "\(server.endpoint)/imds"]),
                ("CONTAINER", ["AWS_CONTAINER_CREDENTIALS_FULL_URI": "\(server.endpoint)/container"]),
                ("FILE", ["AWS_CONFIG_FILE": config.path]),
                ("WEB", ["AWS_WEB_IDENTITY_TOKEN_FILE": token.path, "AWS_ROLE_ARN": "r"]),
                ("ENVIRONMENT", ["AWS_ACCESS_KEY_ID": "ENVIRONMENT", "AWS_SECRET_ACCESS_KEY": "s"]),
            ]
            var environment = ["AWS_ENDPOINT_URL_STS": "\(server.endpoint)/sts"]
            for (name, more) in steps {
                environment.merge(more) { $1 }
                #expect(try await accessKeyID(environment, time) == name)
            }
        }
    }

    /// An instance has one second to answer, a container two. A busy machine may miss that, and is asked again, as by all
    /// who need credentials.
    private func accessKeyID(_ environment: [String: String], _ time: TestTime) async throws -> String? {
        while true {
            try Task.checkCancellation()
            let chain = CredentialChain.standard(
                .test(environment, time: time), files: SharedFiles(environment: environment), isForAWS: false)
            do throws(CredentialError) {
                return try await chain.credentials()?.accessKeyID
            } catch {
                guard case .unavailable = error else { throw error }
            }
        }
    }

    @Test func anEndpointOfOnesOwnNeedsNoneAndAsksNoInstance() async throws {
        let chain = CredentialChain.standard(
            .test([:], time: TestTime()), files: SharedFiles(environment: [:]), isForAWS: false)
        #expect(try await chain.credentials() == nil)
        let disabled = ["AWS_EC2_METADATA_DISABLED": "true"]
        let amazons = CredentialChain.standard(
            .test(disabled, time: TestTime()), files: SharedFiles(environment: disabled), isForAWS: true)
        guard
            case .absent(let reasons) = await failure({ () throws(CredentialError) in try await amazons.credentials() })
        else {
            Issue.record("nobody has credentials")
            return
        }
        #expect(reasons.contains("AWS_ACCESS_KEY_ID") && reasons.contains("AWS_EC2_METADATA_DISABLED is true"))
    }

    @Test func aMistakeInOnePlaceEndsTheSearch() async throws {
        let environment = ["AWS_WEB_IDENTITY_TOKEN_FILE": "/t"]
        let chain = CredentialChain.standard(
            .test(environment, time: TestTime()), files: SharedFiles(environment: environment), isForAWS: false)
        #expect(
            await failure { () throws(CredentialError) in try await chain.credentials() }
                == .unusable("AWS_WEB_IDENTITY_TOKEN_FILE is set, AWS_ROLE_ARN is not"))
    }
}
