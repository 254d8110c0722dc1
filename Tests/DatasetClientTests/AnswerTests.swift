import LookoutVision
import Testing

@testable import DatasetClient

/// What answers that are no success, or no answer at all, become.
@Suite(.timeLimit(.minutes(5))) struct AnswerTests {
    private func failure(
        _ reply: ScriptedServer.Reply, _ adjust: @Sendable (inout DatasetClient.Configuration) -> Void = { _ in }
    ) async throws -> DatasetClientError {
        var failure: DatasetClientError?
        try await ScriptedServer.run { _, _ in
            reply
        } _: { server in
            try await DatasetClient.with(server, time: TestTime(), adjust) { client in
                failure = await #expect(throws: DatasetClientError.self) {
                    try await client.describeDataset(project: "p", type: .train)
                }
            }
        }
        return try #require(failure)
    }

    @Test(arguments: APIException.Kind.allCases)
    func everyExceptionHoweverItIsNamed(_ kind: APIException.Kind) async throws {
        let name = kind.rawValue
        let members = #""ResourceId":"r","ResourceType":"DATASET","QuotaCode":"q","ServiceCode":"s""#
        let replies: [ScriptedServer.Reply] = [
            .answer(kind.httpStatus, [("x-amzn-ErrorType", name)], #"{"Message":"m",\#(members)}"#),
            .answer(kind.httpStatus, [("X-Amzn-Errortype", "\(name):http://x/#y")], #"{"message":"m",\#(members)}"#),
            .answer(kind.httpStatus, [("x-amzn-errortype", "ns#\(name)")], #"{"Message":"m",\#(members)}"#),
            .answer(
                kind.httpStatus, [], #"{"__type":"com.amazonaws.lookoutvision#\#(name)","Message":"m",\#(members)}"#),
            .answer(kind.httpStatus, [], #"{"code":"\#(name)","message":"m",\#(members)}"#),
        ]
        for reply in replies {
            let expected = APIException(
                kind, "m", resourceID: "r", resourceType: "DATASET", quotaCode: "q", serviceCode: "s")
            #expect(try await failure(reply) == .exception(expected))
        }
    }

    @Test func whatMayPass() {
        let retriable = Set(
            APIException.Kind.allCases.filter { DatasetClientError.exception(APIException($0, "")).isRetriable })
        #expect(retriable == [.conflict, .throttling, .internalServer])
        #expect(DatasetClientError.unexpectedStatus(http: 503, type: nil, message: "").isRetriable)
        #expect(!DatasetClientError.unexpectedStatus(http: 404, type: nil, message: "").isRetriable)
        #expect(DatasetClientError.transport("").isRetriable)
        #expect(!DatasetClientError.cancelled.isRetriable)
        #expect(DatasetClientError.exception(APIException(.accessDenied, "")).isAboutAccess)
        #expect(
            DatasetClientError.unexpectedStatus(http: 400, type: "ExpiredTokenException", message: "").isAboutAccess)
        #expect(!DatasetClientError.unexpectedStatus(http: 400, type: "Other", message: "").isAboutAccess)
    }

    @Test(arguments: [("7", 7), ("Sun, 30 Aug 2015 12:36:30 GMT", 30), ("junk", nil)] as [(String, Int?)])
    func retryAfter(_ value: String, _ seconds: Int?) async throws {
        let error = try await failure(
            .answer(429, [("x-amzn-ErrorType", "ThrottlingException"), ("Retry-After", value)], "{}"))
        #expect(error.exceptionKind == .throttling)
        #expect(error.retryAfterSeconds == seconds)
    }

    @Test func aBare429IsThrottling() async throws {
        #expect(
            try await failure(.answer(429, [("Retry-After", "3")], ""))
                == .exception(APIException(.throttling, "", retryAfterSeconds: 3)))
    }

    @Test func whatTheModelDoesNotKnow() async throws {
        #expect(
            try await failure(.answer(502, [("Content-Type", "text/html")], "<html>Bad gateway</html>"))
                == .unexpectedStatus(http: 502, type: nil, message: "a body of 24 bytes, not JSON"))
        #expect(
            try await failure(.answer(403, [], #"{"__type":"InvalidSignatureException","message":"no"}"#))
                == .unexpectedStatus(http: 403, type: "InvalidSignatureException", message: "no"))
        #expect(
            try await failure(.answer(404, [], "")) == .unexpectedStatus(http: 404, type: nil, message: ""))
        #expect(
            try await failure(.answer(301, [("Location", "http://127.0.0.1:1/")], ""))
                == .unexpectedStatus(http: 301, type: nil, message: ""))
        #expect(
            try await failure(.answer(400, [("x-amzn-ErrorType", ":")], #"{"Message":5,"__type":["x"]}"#))
                == .unexpectedStatus(http: 400, type: nil, message: ""))
        #expect(
            try await failure(.answer(500, [], #"["Message"]"#))
                == .unexpectedStatus(http: 500, type: nil, message: "a body of 11 bytes, not JSON"))
    }

    @Test func secretsThatAServiceQuotesAreTakenOut() async throws {
        let message = "canonical x-amz-security-token:\(StaticCredentials.token) and \(StaticCredentials.secret)"
        let error = try await failure(.answer(403, [], #"{"message":"\#(message)"}"#))
        #expect(error == .unexpectedStatus(http: 403, type: nil, message: "canonical x-amz-security-token:… and …"))
    }

    @Test func longMessagesAreCut() async throws {
        let long = String(repeating: "é", count: 100_000)
        let error = try await failure(
            .answer(400, [("x-amzn-ErrorType", "ValidationException")], "{\"Message\":\"\(long)\"}"))
        #expect(error.description.count < 2100)
    }

    @Test(arguments: [
        "", "<html>", "{", "[]", "null", "{}", #"{"DatasetDescription":{}}"#,
        #"{"DatasetDescription":{"Status":"NEW"}}"#,
        #"{"DatasetDescription":{"Status":7}}"#, String(repeating: "[", count: 100_000),
    ])
    func aSuccessThatIsNone(_ body: String) async throws {
        guard case .malformedResponse = try await failure(.answer(200, [], body)) else {
            Issue.record("not a malformed response")
            return
        }
    }

    @Test func anAnswerWithoutEnd() async throws {
        let error = try await failure(.answer(200, [], String(repeating: " ", count: 5000))) {
            $0.largestAnswer = 4096
        }
        #expect(error == .malformedResponse("more than 4096 bytes"))
    }

    @Test(arguments: [ScriptedServer.Reply.hangUp, .cutOff(#"{"DatasetDescription":"#)])
    func aBrokenConnection(_ reply: ScriptedServer.Reply) async throws {
        guard case .transport = try await failure(reply) else {
            Issue.record("not a transport error")
            return
        }
    }

    @Test(arguments: [ScriptedServer.Reply.silence, .stall(#"{"DatasetDescription":"#)])
    func timeRunsOutOnHeadAndBodyAlike(_ reply: ScriptedServer.Reply) async throws {
        let error = try await failure(reply) { $0.requestTimeout = .milliseconds(50) }
        guard case .transport(let message) = error else {
            Issue.record("\(error)")
            return
        }
        #expect(message.contains("within"))
    }

    @Test func nobodyListens() async throws {
        // Port 1 belongs to nobody. One that was ours a moment ago may be another test's now.
        try await DatasetClient.with(Endpoint("http://127.0.0.1:1")) { client in
            let error = await #expect(throws: DatasetClientError.self) {
                try await client.describeDataset(project: "p", type: .train)
            }
            guard case .transport = error else {
                Issue.record("\(String(describing: error))")
                return
            }
        }
    }

    @Test(arguments: [ScriptedServer.Reply.silence, .stall("{")])
    func cancellationEndsACallAtOnce(_ reply: ScriptedServer.Reply) async throws {
        try await expectCancellationEndsAtOnce(reply) { client in
            _ = try await client.describeDataset(project: "p", type: .train)
        }
    }
}
