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

/// Each test has a home directory of its own.
@Suite final class SharedFilesTests {
    private let home: String

    init() throws {
        home = FileManager.default.temporaryDirectory.appending(path: "linefeed-\(UUID().uuidString)").path()
        try FileManager.default.createDirectory(atPath: "\(home)/.aws", withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: home) }

    private func write(credentials: String) throws {
        try credentials.write(toFile: "\(home)/.aws/credentials", atomically: true, encoding: .utf8)
    }

    private func write(config: String) throws {
        try config.write(toFile: "\(home)/.aws/config", atomically: true, encoding: .utf8)
    }

    private func files(_ environment: [String: String] = [:]) -> SharedFiles {
        SharedFiles(environment: environment.merging(["HOME": home]) { $1 })
    }

    private func provider(_ files: SharedFiles, time: TestTime = TestTime()) -> SharedFileCredentials {
        SharedFileCredentials(files: files, context: .test([:], time: time))
    }

    private let both = "aws_access_key_id = id\naws_secret_access_key = hidden\n"

    @Test func theProfileThatIsMeant() async throws {
        try write(
            credentials: "[default]\n\(both)[other]\naws_access_key_id=o\naws_secret_access_key=p\naws_session_token=t")
        try write(
            config: "[default]\nregion=us-east-1\n[profile other]\nregion=eu-west-1\n[other]\nregion=wrong")
        #expect(try files().region() == "us-east-1")
        #expect(
            try await provider(files()).credentials()
                == Credentials(accessKeyID: "id", secretAccessKey: "hidden"))
        let other = files(["AWS_PROFILE": "other"])
        #expect(try other.region() == "eu-west-1")
        #expect(
            try await provider(other).credentials()
                == Credentials(accessKeyID: "o", secretAccessKey: "p", sessionToken: "t"))
        #expect(SharedFiles(environment: ["AWS_PROFILE": "other"], profile: "flag").profile == "flag")
    }

    @Test func pathsOfTheEnvironmentAndKeysInTheConfigFile() async throws {
        try write(config: "[profile x]\n\(both)")
        let named = files([
            "AWS_CONFIG_FILE": "~/.aws/config", "AWS_SHARED_CREDENTIALS_FILE": "\(home)/none", "AWS_PROFILE": "x",
        ])
        #expect(try await provider(named).credentials()?.accessKeyID == "id")
    }

    @Test func nothingConfiguredIsAbsent() async throws {
        for files in [files(), SharedFiles(environment: [:])] {
            let error = await #expect(throws: CredentialError.self) {
                try await provider(files).credentials()
            }
            if case .absent = error {} else { Issue.record("\(String(describing: error))") }
            #expect(try files.region() == nil)
        }
    }

    @Test(arguments: [
        ("[default]\nhidden", "credentials, line 2: neither a section nor a setting"),
        ("[default]\naws_access_key_id = id", "has aws_access_key_id but no aws_secret_access_key"),
        ("[default]\naws_secret_access_key = hidden", "has aws_secret_access_key but no aws_access_key_id"),
        ("[default]\ncredential_process = hidden", "uses credential_process, which is not supported"),
    ])
    func mistakesAreUnusable(_ text: String, _ reason: String) async throws {
        try write(credentials: text)
        let message = await unusable(files())
        #expect(message?.contains(reason) == true)
        #expect(message?.contains("hidden") == false)
    }

    @Test func aProfileAskedForByNameHasToExist() async throws {
        try write(credentials: "[default]\n\(both)")
        let message = await unusable(files(["AWS_PROFILE": "missing"]))
        #expect(message?.contains("profile missing is not in \(home)") == true)
    }

    @Test func rotatedKeysAreFoundAndABrokenFileIsRiddenOut() async throws {
        try write(credentials: "[default]\n\(both)")
        let time = TestTime()
        let provider = provider(files(), time: time)
        #expect(try await provider.credentials()?.accessKeyID == "id")
        try write(credentials: "[default]\naws_access_key_id = new\naws_secret_access_key = s\n")
        #expect(try await provider.credentials()?.accessKeyID == "id")
        time.advance(by: .seconds(61))
        #expect(try await provider.credentials()?.accessKeyID == "new")
        time.advance(by: .seconds(61))
        try write(credentials: "[defau")
        #expect(try await provider.credentials()?.accessKeyID == "new")
        try write(credentials: "[default]\naws_access_key_id = newer\naws_secret_access_key = s\n")
        #expect(try await provider.credentials()?.accessKeyID == "newer")
    }

    private func unusable(_ files: SharedFiles) async -> String? {
        let error = await #expect(throws: CredentialError.self) {
            try await provider(files).credentials()
        }
        guard case .unusable(let message) = error else { return nil }
        return message
    }
}
