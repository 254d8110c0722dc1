import Foundation
import SigV4
import Testing

@testable import DatasetClient

@Suite struct EnvironmentCredentialsTests {
    private let complete = ["AWS_ACCESS_KEY_ID": "id", "AWS_SECRET_ACCESS_KEY": "hidden"]

    @Test func keysAndToken() async throws {
        #expect(
            try await EnvironmentCredentials(environment: complete).credentials()
                == Credentials(accessKeyID: "id", secretAccessKey: "hidden"))
        let temporary = complete.merging(["AWS_SESSION_TOKEN": "token"]) { $1 }
        #expect(try await EnvironmentCredentials(environment: temporary).credentials()?.sessionToken == "token")
    }

    @Test func halfAKeyIsAMistakeAndNoneIsNone() async {
        await #expect(throws: CredentialError.absent("AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY are not set")) {
            try await EnvironmentCredentials(environment: ["AWS_ACCESS_KEY_ID": ""]).credentials()
        }
        for name in complete.keys {
            let error = await #expect(throws: CredentialError.self) {
                try await EnvironmentCredentials(environment: [name: "hidden"]).credentials()
            }
            guard case .unusable(let message) = error else {
                Issue.record("half a key is taken for none")
                continue
            }
            #expect(message.contains(name) && !message.contains("hidden"))
        }
    }
}

@Suite struct CredentialChainTests {
    @Test func theFirstThatHasAnyIsTaken() async throws {
        let chain = CredentialChain([
            FailingCredentials(error: .absent("nothing here")), StaticCredentials(),
            FailingCredentials(error: .unusable("never asked")),
        ])
        #expect(try await chain.credentials()?.accessKeyID == "AKIDEXAMPLE")
        #expect(try await CredentialChain([AnonymousCredentials(), StaticCredentials()]).credentials() == nil)
    }

    @Test func aMistakeIsNotPaperedOver() async {
        await #expect(throws: CredentialError.unusable("broken")) {
            try await CredentialChain([FailingCredentials(error: .unusable("broken")), StaticCredentials()])
                .credentials()
        }
    }

    @Test func allReasonsAreTold() async {
        await #expect(throws: CredentialError.absent("a; b")) {
            try await CredentialChain(["a", "b"].map { FailingCredentials(error: .absent($0)) }).credentials()
        }
    }
}

@Suite struct INIDocumentTests {
    @Test func theDialect() throws {
        let document = try INIDocument(
            """
            # comment
            [default]
            Region = us-east-1   ; a comment
            aws_secret_access_key=ab#c;d==
            empty =
            s3 =
              region = not-this
              max = 3

            [profile   two words] # comment
              region=eu-central-1
              output = json
            \t
            [default]
            region = eu-west-1\r
            """)
        #expect(
            document.sections == [
                "default": [
                    "region": "eu-west-1", "aws_secret_access_key": "ab#c;d==", "empty": "", "s3": "",
                ],
                "profile two words": ["region": "eu-central-1", "output": "json"],
            ])
    }

    @Test(arguments: [
        ("a = b", 1), ("\n[open\n", 2), ("[a]\nhidden line", 2), ("[a]\n\n= hidden", 3), ("[a] hidden", 1),
    ])
    func mistakesNameTheLineAndNotItsText(_ text: String, _ line: Int) {
        let error = #expect(throws: INIDocument.SyntaxError.self) { try INIDocument(text) }
        #expect(error?.line == line)
        #expect(error?.reason.contains("hidden") == false)
    }
}

@Suite struct SharedFilesTests {
    /// Runs with a home directory that holds these files, and removes it.
    private func withHome(
        credentials: String? = nil, config: String? = nil, _ body: (_ home: String) async throws -> Void
    ) async throws {
        let home = FileManager.default.temporaryDirectory.appending(path: "linefeed-\(UUID().uuidString)")
        let folder = home.appending(path: ".aws")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: home) }
        try credentials?.write(to: folder.appending(path: "credentials"), atomically: true, encoding: .utf8)
        try config?.write(to: folder.appending(path: "config"), atomically: true, encoding: .utf8)
        try await body(home.path())
    }

    private let both = "aws_access_key_id = id\naws_secret_access_key = hidden\n"

    @Test func theProfileThatIsMeant() async throws {
        try await withHome(
            credentials: "[default]\n\(both)[other]\naws_access_key_id=o\naws_secret_access_key=p\naws_session_token=t",
            config: "[default]\nregion=us-east-1\n[profile other]\nregion=eu-west-1\n[other]\nregion=wrong"
        ) { home in
            let standard = SharedFiles(environment: ["HOME": home])
            #expect(try standard.region() == "us-east-1")
            #expect(
                try await SharedFileCredentials(files: standard).credentials()
                    == Credentials(accessKeyID: "id", secretAccessKey: "hidden"))
            let other = SharedFiles(environment: ["HOME": home, "AWS_PROFILE": "other"])
            #expect(try other.region() == "eu-west-1")
            #expect(
                try await SharedFileCredentials(files: other).credentials()
                    == Credentials(accessKeyID: "o", secretAccessKey: "p", sessionToken: "t"))
            #expect(SharedFiles(environment: ["AWS_PROFILE": "other"], profile: "flag").profile == "flag")
        }
    }

    @Test func pathsOfTheEnvironmentAndKeysInTheConfigFile() async throws {
        try await withHome(config: "[profile x]\n\(both)") { home in
            let files = SharedFiles(environment: [
                "HOME": home, "AWS_CONFIG_FILE": "~/.aws/config", "AWS_SHARED_CREDENTIALS_FILE": "\(home)/none",
                "AWS_PROFILE": "x",
            ])
            #expect(try await SharedFileCredentials(files: files).credentials()?.accessKeyID == "id")
        }
    }

    @Test func nothingConfiguredIsAbsent() async throws {
        try await withHome { home in
            for environment in [["HOME": home], [:]] {
                let error = await #expect(throws: CredentialError.self) {
                    try await SharedFileCredentials(files: SharedFiles(environment: environment)).credentials()
                }
                guard case .absent = error else {
                    Issue.record("\(String(describing: error))")
                    continue
                }
                #expect(try SharedFiles(environment: environment).region() == nil)
            }
        }
    }

    @Test(arguments: [
        ("[default]\nhidden", "credentials, line 2: neither a section nor a setting"),
        ("[default]\naws_access_key_id = id", "has aws_access_key_id but no aws_secret_access_key"),
        ("[default]\naws_secret_access_key = hidden", "has aws_secret_access_key but no aws_access_key_id"),
        ("[default]\nrole_arn = arn", "uses role_arn, which is not supported"),
    ])
    func mistakesAreUnusable(_ text: String, _ reason: String) async throws {
        try await withHome(credentials: text) { home in
            let error = await #expect(throws: CredentialError.self) {
                try await SharedFileCredentials(files: SharedFiles(environment: ["HOME": home])).credentials()
            }
            guard case .unusable(let message) = error else {
                Issue.record("\(String(describing: error))")
                return
            }
            #expect(message.contains(reason) && !message.contains("hidden"))
        }
    }

    @Test func aProfileAskedForByNameHasToExist() async throws {
        try await withHome(credentials: "[default]\n\(both)") { home in
            let error = await #expect(throws: CredentialError.self) {
                try await SharedFileCredentials(
                    files: SharedFiles(environment: ["HOME": home, "AWS_PROFILE": "missing"])
                ).credentials()
            }
            guard case .unusable(let message) = error else {
                Issue.record("\(String(describing: error))")
                return
            }
            #expect(message.contains("profile missing is not in \(home)"))
        }
    }

    @Test func rotatedKeysAreFoundAndABrokenFileIsRiddenOut() async throws {
        try await withHome(credentials: "[default]\n\(both)") { home in
            let path = "\(home)/.aws/credentials"
            func rewrite(_ text: String) throws { try text.write(toFile: path, atomically: true, encoding: .utf8) }
            let time = TestTime()
            let provider = SharedFileCredentials(
                files: SharedFiles(environment: ["HOME": home]), time: time.source)
            #expect(try await provider.credentials()?.accessKeyID == "id")
            try rewrite("[default]\naws_access_key_id = new\naws_secret_access_key = s\n")
            #expect(try await provider.credentials()?.accessKeyID == "id")
            time.advance(by: .seconds(61))
            #expect(try await provider.credentials()?.accessKeyID == "new")
            time.advance(by: .seconds(61))
            try rewrite("[defau")
            #expect(try await provider.credentials()?.accessKeyID == "new")
            try rewrite("[default]\naws_access_key_id = newer\naws_secret_access_key = s\n")
            #expect(try await provider.credentials()?.accessKeyID == "newer")
        }
    }
}
