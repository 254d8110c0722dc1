import Crypto
import Foundation
import LookoutVision
import NIOCore
import NIOHTTP1
import SigV4
import Testing

@testable import DatasetClient

extension UpdateBody {
    init(_ text: String) {
        self.init(ByteBuffer(string: text))
    }
}

/// What goes over the wire.
@Suite(.timeLimit(.minutes(5))) struct RequestTests {
    private static let project = #"{"ProjectMetadata":{"ProjectName":"boards","CreationTimestamp":1.5}}"#

    @Test func updateAsSent() async throws {
        try await ScriptedServer.run { _, _ in
            .accepted("UPDATE_COMPLETE")
        } _: { server in
            try await DatasetClient.with(server) { client in
                let status = try await client.updateDatasetEntries(
                    project: "boards", type: .train, body: UpdateBody("{\"a\":1}\n"), token: "lf1-abc")
                #expect(status == .updateComplete)
            }
            let request = try #require(server.requests.first)
            #expect(request.method == "PATCH")
            #expect(request.uri == "/2020-11-20/projects/boards/datasets/train/entries")
            #expect(String(buffer: request.body) == #"{"Changes":"eyJhIjoxfQo="}"#)
            #expect(request.headers["x-amzn-client-token"] == ["lf1-abc"])
            #expect(request.headers["content-type"] == ["application/json"])
            #expect(request.headers["host"] == [server.endpoint.authority])
            #expect(request.headers["content-length"] == ["26"])
            #expect(request.headers["prefer"] == ["wait=5"])
        }
    }

    /// However the service spells it, and nothing that is none of its words.
    @Test(
        arguments: [
            (#"{"Status":"UPDATE_COMPLETE"}"#, DatasetStatus.updateComplete),
            ("{ \"Status\" : \"UPDATE_COMPLETE\" }\n", .updateComplete),
            (#"{"Status":"UPDATE_COMPLET\u0045"}"#, .updateComplete),
            (#"{"Status":"UPDATE_IN_PROGRESS","RequestId":"}"}"#, .updateInProgress),
            (#"{"Status":"UPDATE_COMPLETED"}"#, nil), (#"{"Status":""}"#, nil), (#"{"Status":"}"#, nil),
            (#"{"Status":"UPDATE_COMPLETE"}}"#, nil), (#"{"status":"UPDATE_COMPLETE"}"#, nil), ("", nil), ("{}", nil),
        ] as [(String, DatasetStatus?)])
    func whatTheAnswerToAnUpdateSays(_ text: String, _ expected: DatasetStatus?) async throws {
        try await ScriptedServer.run { _, _ in
            .answer(202, [], text)
        } _: { server in
            try await DatasetClient.with(server) { client in
                do {
                    let status = try await client.updateDatasetEntries(
                        project: "boards", type: .train, body: UpdateBody("{}"), token: "lf1-abc")
                    #expect(status == expected)
                } catch DatasetClientError.malformedResponse {
                    #expect(expected == nil)
                }
            }
        }
    }

    @Test func aPayloadOfTheLargestSizeArrivesWhole() async throws {
        let payload = [UInt8](repeating: 0x5a, count: Limits.changesBytes.upperBound)
        let body = UpdateBody(ByteBuffer(bytes: payload))
        try await ScriptedServer.run { _, _ in
            .accepted("UPDATE_COMPLETE")
        } _: { server in
            try await DatasetClient.with(server) { client in
                let outcome = try await client.update(project: "p", type: .test, body: body, token: "t")
                #expect(outcome == .completed)
            }
            let sent = body.asSent()
            #expect(server.requests.first?.body == sent)
        }
    }

    private static let refusal = #"{"__type":"AccessDeniedException","Message":"no"}"#

    /// As proxies and gateways do, whatever the request carries.
    @Test(
        arguments: [
            (.refusedUnread(403, refusal), .exception(APIException(.accessDenied, "no"))),
            (.refusedUntouched(403, refusal), .exception(APIException(.accessDenied, "no"))),
            (.refusedUnread(403, ""), .unexpectedStatus(http: 403, type: nil, message: "")),
            (.refusedUntouched(413, ""), .unexpectedStatus(http: 413, type: nil, message: "")),
            (.refusedLate(413), .unexpectedStatus(http: 413, type: nil, message: "")),
        ] as [(ScriptedServer.Reply, DatasetClientError)],
        [2, UpdateBody.payloadBytesOfAWrite, Limits.changesBytes.upperBound])
    func aRefusalBeforeTheBodyIsReadIsHeard(
        _ expected: (reply: ScriptedServer.Reply, error: DatasetClientError), payloadBytes: Int
    ) async throws {
        let body = UpdateBody(ByteBuffer(repeating: 0x5a, count: payloadBytes))
        try await ScriptedServer.run { _, _ in
            expected.reply
        } _: { server in
            for _ in 0..<3 {
                // Over a connection of its own each time: what has not been read of this one never will be. Who does not
                // hear the refusal waits until the test's time is over.
                _ = try await DatasetClient.with(server, { $0.requestTimeout = .seconds(600) }) { client in
                    await #expect(throws: expected.error) {
                        try await client.update(project: "p", type: .test, body: body, token: "t")
                    }
                }
            }
        }
    }

    @Test func creatingAndDescribing() async throws {
        try await ScriptedServer.run { request, _ in
            switch (request.method, request.path) {
            case ("POST", "/2020-11-20/projects"): .answer(200, [], Self.project)
            case ("POST", "/2020-11-20/projects/boards/datasets"):
                .answer(202, [], #"{"DatasetMetadata":{"Status":"CREATE_COMPLETE","DatasetType":"test"}}"#)
            case ("GET", "/2020-11-20/projects/boards"):
                .answer(200, [], #"{"ProjectDescription":{"Datasets":[{"DatasetType":"train"}]}}"#)
            case ("GET", "/2020-11-20/projects/boards/datasets/test"):
                .answer(
                    200, [("X-Linefeed-Latest-Update-Token", "tok")],
                    #"""
                    {"DatasetDescription":{"Status":"UPDATE_COMPLETE","StatusMessage":"fine","CreationTimestamp":1.25,
                    "LastUpdatedTimestamp":2,"ImageStats":{"Total":4,"Labeled":3,"Normal":2,"Anomaly":1}}}
                    """#)
            default: .answer(500)
            }
        } _: { server in
            try await DatasetClient.with(server) { client in
                let project = try await client.createProject("boards")
                #expect(project.creationTimestamp == 1.5)
                let dataset = try await client.createDataset(project: "boards", type: .test, token: "mine")
                #expect(dataset.status == "CREATE_COMPLETE")
                let described = try await client.describeProject("boards")
                #expect(described.datasets?.first?.datasetType == "train")
                let state = try await client.describeDataset(project: "boards", type: .test)
                #expect(
                    state
                        == DatasetState(
                            status: .updateComplete, statusMessage: "fine",
                            statistics: ImageStatistics(total: 4, labeled: 3, normal: 2, anomaly: 1), createdAt: 1.25,
                            lastUpdatedAt: 2, latestUpdateToken: "tok"))
            }
            let requests = server.requests
            #expect(String(buffer: requests[0].body) == #"{"ProjectName":"boards"}"#)
            #expect(requests[0].headers["x-amzn-client-token"].first?.count == 36)
            #expect(String(buffer: requests[1].body) == #"{"DatasetType":"test"}"#)
            #expect(requests[1].headers["x-amzn-client-token"] == ["mine"])
            #expect(requests[3].headers["content-type"].isEmpty)
        }
    }

    @Test func namesThatWouldAddressSomethingElseAreNeverSent() async throws {
        try await ScriptedServer.run { _, _ in
            .answer(500)
        } _: { server in
            try await DatasetClient.with(server) { client in
                for name in ["", "..", "a/b", "a b", "-a", String(repeating: "a", count: 256)] {
                    let error = await #expect(throws: DatasetClientError.self) {
                        try await client.describeDataset(project: name, type: .train)
                    }
                    #expect(error?.exceptionKind == .validation)
                }
                let error = await #expect(throws: DatasetClientError.self) {
                    try await client.update(project: "p", type: .train, body: UpdateBody("{}"), token: "a\r\nb")
                }
                #expect(error?.exceptionKind == .validation)
            }
            #expect(server.requests.isEmpty)
        }
    }

    @Test func theSignatureIsTheOneAVerifierComputes() async throws {
        try await ScriptedServer.run { request, _ in
            request.isUpdate ? .accepted("UPDATE_COMPLETE") : .answer(200, [], #"{"DatasetEntries":[]}"#)
        } _: { server in
            let endpoint = try Endpoint("\(server.endpoint)/base")
            try await DatasetClient.with(endpoint) { client in
                _ = try await client.update(project: "p_1", type: .train, body: UpdateBody("{}"), token: "t-1")
                let filter = EntryFilter(createdAfter: "2026-11-23T10:00:00Z", sourceRefContains: "a b/é+?&=%2F")
                for try await _ in client.listDatasetEntries(project: "p_1", type: .test, filter: filter) {}
            }
            #expect(server.requests.count == 2)
            for request in server.requests {
                let authorization = try #require(request.headers.first(name: "authorization"))
                let names = try #require(
                    authorization.split(separator: "SignedHeaders=").last?.prefix { $0 != "," }.split(separator: ";"))
                #expect(names.contains("host") && names.contains("x-amz-date"))
                #expect(names.contains("x-amz-security-token"))
                #expect(names.contains("x-amzn-client-token") == request.isUpdate)
                let canonical = CanonicalRequest(
                    method: request.method, path: request.path, query: request.query,
                    headers: names.map { (name: String($0), value: request.headers.first(name: String($0)) ?? "") },
                    payloadSHA256: SHA256.hash(data: Array(request.body.readableBytesView)).withUnsafeBytes(
                        Hexadecimal.encode))
                let scope = CredentialScope(day: "20150830", region: "us-east-1", service: "lookoutvision")
                let signature = Signature.signature(
                    of: Signature.stringToSign(canonical, timestamp: "20150830T123600Z", scope: scope),
                    secretAccessKey: StaticCredentials.secret, scope: scope)
                #expect(authorization.hasSuffix("Signature=\(signature)"))
                #expect(authorization.contains("Credential=AKIDEXAMPLE/20150830/us-east-1/lookoutvision/aws4_request"))
            }
        }
    }

    @Test func anonymousRequestsCarryNoSignature() async throws {
        try await ScriptedServer.run { _, _ in
            .described("CREATE_COMPLETE")
        } _: { server in
            let chosenAtRunTime: any CredentialProvider = .anonymous
            try await DatasetClient.with(server, credentials: chosenAtRunTime) { client in
                _ = try await client.describeDataset(project: "p", type: .train)
            }
            let headers = try #require(server.requests.first?.headers)
            #expect(!headers.contains(name: "authorization") && !headers.contains(name: "x-amz-date"))
        }
    }

    /// As from a file with a line's end behind the token.
    @Test func credentialsThatNoHeaderMayHoldAreSaidButNotShown() async throws {
        try await ScriptedServer.run { _, _ in
            .answer(500)
        } _: { server in
            try await DatasetClient.with(server, credentials: TokenWithNewline()) { client in
                let error = await #expect(throws: DatasetClientError.self) {
                    try await client.describeDataset(project: "p", type: .train)
                }
                #expect(error?.isAboutAccess == true)
                #expect(error?.isRetriable == false)
                #expect(error?.description.lowercased().contains("header x-amz-security-token") == true)
                #expect(error?.description.contains("hidden") == false)
            }
            #expect(server.requests.isEmpty)
        }
    }

    @Test func withoutCredentialsNothingIsSent() async throws {
        try await ScriptedServer.run { _, _ in
            .answer(500)
        } _: { server in
            let failing = FailingCredentials(error: .unusable("no key"))
            try await DatasetClient.with(server, credentials: failing) { client in
                let error = await #expect(throws: DatasetClientError.credentials("no key")) {
                    try await client.describeDataset(project: "p", type: .train)
                }
                #expect(error?.isRetriable == false)
                #expect(error?.isAboutAccess == true)
            }
            #expect(server.requests.isEmpty)
        }
    }
}

private struct TokenWithNewline: CredentialProvider {
    func credentials() async throws(CredentialError) -> Credentials? {
        Credentials(accessKeyID: "id", secretAccessKey: "hidden", sessionToken: "hidden\n")
    }
}

extension DatasetClientError {
    var exceptionKind: APIException.Kind? {
        if case .exception(let exception) = self { exception.kind } else { nil }
    }
}
