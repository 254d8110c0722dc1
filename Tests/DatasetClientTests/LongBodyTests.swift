import LookoutVision
import NIOCore
import Testing

@testable import DatasetClient

/// Updates that are sent in blocks keep the same promises as all other calls.
@Suite(.timeLimit(.minutes(5))) struct LongBodyTests {
    private static let body = UpdateBody(
        ByteBuffer(repeating: 0x5a, count: UpdateBody.payloadBytesOfAWrite + 1))

    private func failure(
        _ reply: ScriptedServer.Reply, _ adjust: (inout DatasetClient.Configuration) -> Void = { _ in }
    ) async throws -> DatasetClientError? {
        var error: DatasetClientError?
        try await ScriptedServer.run { _, _ in
            reply
        } _: { server in
            error = try await DatasetClient.with(server, adjust) { client in
                await #expect(throws: DatasetClientError.self) {
                    try await client.update(project: "p", type: .train, body: Self.body, token: "t")
                }
            }
        }
        return error
    }

    @Test(arguments: [ScriptedServer.Reply.silence, .stall("{")])
    func timeRunsOutOnHeadAndBodyAlike(_ reply: ScriptedServer.Reply) async throws {
        let error = try await failure(reply) { $0.requestTimeout = .milliseconds(200) }
        #expect(error == .transport("no whole answer within 0.2 seconds"))
    }

    @Test func anAnswerWithoutEnd() async throws {
        let error = try await failure(.answer(200, [], String(repeating: " ", count: 5000))) {
            $0.largestAnswer = 4096
        }
        #expect(error == .malformedResponse("more than 4096 bytes"))
    }

    @Test(arguments: [ScriptedServer.Reply.hangUp, .cutOff("{")])
    func aBrokenConnection(_ reply: ScriptedServer.Reply) async throws {
        guard case .transport = try await failure(reply) else {
            Issue.record("not a transport error")
            return
        }
    }

    @Test(arguments: [ScriptedServer.Reply.silence, .stall("{")])
    func cancellationEndsACallAtOnce(_ reply: ScriptedServer.Reply) async throws {
        try await expectCancellationEndsAtOnce(reply) { client in
            _ = try await client.update(project: "p", type: .train, body: Self.body, token: "t")
        }
    }
}
