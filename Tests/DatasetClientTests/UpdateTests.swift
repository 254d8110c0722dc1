import LookoutVision
import NIOHTTP1
import Testing

@testable import DatasetClient

/// How an update's end is found out: what is asked, what is believed, what is ridden out.
@Suite(.timeLimit(.minutes(5))) struct UpdateTests {
    /// Answers in this order; anything beyond is an error that no test expects.
    private func run(
        _ replies: [ScriptedServer.Reply], time: TestTime = TestTime(), notAfter: Int? = nil,
        _ adjust: @Sendable (inout DatasetClient.Configuration) -> Void = { _ in }
    ) async throws -> (result: Result<UpdateOutcome, DatasetClientError>, methods: String) {
        var result: Result<UpdateOutcome, DatasetClientError> = .failure(.cancelled)
        var methods = ""
        try await ScriptedServer.run { _, index in
            index < replies.count
                ? replies[index] : .answer(400, [("x-amzn-ErrorType", "ValidationException")], #"{"Message":"beyond"}"#)
        } _: { server in
            try await DatasetClient.with(server, time: time, adjust) { client in
                do throws(DatasetClientError) {
                    let body = UpdateBody("{}")
                    result = .success(
                        try await client.update(
                            project: "p", type: .train, body: body, token: "mine", notAfter: notAfter))
                } catch {
                    result = .failure(error)
                }
            }
            methods = server.requests.map { $0.isUpdate ? "U" : "D" }.joined()
            #expect(server.requests.allSatisfy { !$0.isUpdate || $0.headers["x-amzn-client-token"] == ["mine"] })
            #expect(Set(server.requests.filter(\.isUpdate).map(\.body)).count <= 1)
        }
        return (result, methods)
    }

    private static let busy = ScriptedServer.Reply.accepted("UPDATE_IN_PROGRESS")
    private static let throttled = ScriptedServer.Reply.answer(
        429, [("x-amzn-ErrorType", "ThrottlingException"), ("Retry-After", "9")], "{}")

    // MARK: What is believed

    @Test func theFirstAnswerMayBeTheLast() async throws {
        let run = try await run([.accepted("UPDATE_COMPLETE")])
        #expect(run.result == .success(.completed))
        #expect(run.methods == "U")
    }

    @Test func aFailureToldAtOnceIsAskedForItsReason() async throws {
        let failed = ScriptedServer.Reply.accepted("UPDATE_FAILED_ROLLBACK_COMPLETE")
        let told = try await run([failed, .described("UPDATE_FAILED_ROLLBACK_COMPLETE", message: "line 3")])
        #expect(told.result == .success(.rolledBack(statusMessage: "line 3")))
        let another = try await run([
            failed, .described("UPDATE_FAILED_ROLLBACK_COMPLETE", message: "not ours", token: "other"),
        ])
        #expect(another.result == .success(.rolledBack(statusMessage: "")))
        let silent = try await run([failed, .answer(500)])
        #expect(silent.result == .success(.rolledBack(statusMessage: "")))
    }

    @Test func aDescriptionThatNamesOurTokenIsBelieved() async throws {
        let run = try await run([
            Self.busy, .described("UPDATE_IN_PROGRESS", token: "mine"), .described("UPDATE_IN_PROGRESS"),
            .described("UPDATE_COMPLETE", token: "mine"),
        ])
        #expect(run.result == .success(.completed))
        #expect(run.methods == "UDDD")
    }

    @Test func aFailureThatNamesOurTokenIsBelieved() async throws {
        let run = try await run([
            Self.busy, .described("UPDATE_FAILED_ROLLBACK_IN_PROGRESS"),
            .described("UPDATE_FAILED_ROLLBACK_COMPLETE", message: "line 3", token: "mine"),
        ])
        #expect(run.result == .success(.rolledBack(statusMessage: "line 3")))
        #expect(run.methods == "UDD")
    }

    @Test(arguments: [nil, "other"])
    func anythingElseIsAskedUnderOurToken(_ token: String?) async throws {
        let completed = try await run([
            Self.busy, .described("UPDATE_FAILED_ROLLBACK_COMPLETE", message: "another's", token: token),
            .accepted("UPDATE_COMPLETE"),
        ])
        #expect(completed.result == .success(.completed))
        #expect(completed.methods == "UDU")
        let failed = try await run([
            Self.busy, .described("UPDATE_COMPLETE", token: token), .accepted("UPDATE_FAILED_ROLLBACK_COMPLETE"),
            .described("UPDATE_COMPLETE", token: token),
        ])
        #expect(failed.result == .success(.rolledBack(statusMessage: "")))
        #expect(failed.methods == "UDUD")
    }

    /// Its token may be forgotten by then, and the change would be applied a second time.
    @Test func aChangeThatIsTooLateIsNotSent() async throws {
        let start = TestTime().source.wallClock()
        let first = try await run([.accepted("UPDATE_COMPLETE")], notAfter: start)
        #expect(first.result == .failure(.expired))
        #expect(first.methods == "")
        // In time at first; by when it would be sent again, polling has taken a while.
        let slow = ScriptedServer.Reply.described("UPDATE_IN_PROGRESS")
        let again = try await run(
            [Self.busy] + Array(repeating: slow, count: 12) + [.described("UPDATE_COMPLETE", token: "other")],
            notAfter: start + 1)
        #expect(again.result == .failure(.expired))
        #expect(again.methods == "U" + String(repeating: "D", count: 13))
    }

    @Test func anUpdateThatNeverEndsIsNotPolledForEver() async throws {
        let slow = ScriptedServer.Reply.described("UPDATE_IN_PROGRESS")
        let time = TestTime()
        let run = try await run([Self.busy] + Array(repeating: slow, count: 100), time: time) {
            $0.longestPolling = .seconds(30)
        }
        #expect(run.result == .failure(.transport("the update is still in progress after 30.0 seconds")))
        #expect(time.now >= .seconds(30) && time.now < .seconds(40))
    }

    @Test func aServiceThatNeverReportsByTokenIsBelievedInTheEnd() async throws {
        let done = ScriptedServer.Reply.described("UPDATE_COMPLETE")
        let run = try await run([Self.busy, done, Self.busy, done, Self.busy, .described("UPDATE_IN_PROGRESS"), done])
        #expect(run.result == .success(.completed))
        #expect(run.methods == "UDUDUDD")
    }

    @Test func aDescriptionThatNamesAnotherTokenIsNeverBelieved() async throws {
        let other = ScriptedServer.Reply.described("UPDATE_COMPLETE", token: "other")
        let rounds = Array(repeating: [Self.busy, other], count: 6).flatMap(\.self)
        let run = try await run(rounds + [.accepted("UPDATE_FAILED_ROLLBACK_COMPLETE"), other])
        #expect(run.result == .success(.rolledBack(statusMessage: "")))
    }

    // MARK: What is ridden out

    @Test func waitsGrowWhileTheUpdateRuns() async throws {
        let time = TestTime()
        let polls = Array(repeating: ScriptedServer.Reply.described("UPDATE_IN_PROGRESS"), count: 9)
        let run = try await run([Self.busy] + polls + [.described("UPDATE_COMPLETE", token: "mine")], time: time)
        #expect(run.result == .success(.completed))
        #expect(time.slept == [50, 100, 200, 400, 800, 1600, 3200, 5000, 5000, 5000].map { .milliseconds($0) })
    }

    @Test func failingPollsAreRepeated() async throws {
        let time = TestTime()
        let run = try await run(
            [
                Self.busy, Self.throttled, .answer(500), .hangUp, .answer(200, [], "<html>"),
                .described("CREATE_COMPLETE"), .described("UPDATE_COMPLETE", token: "mine"),
            ], time: time)
        #expect(run.result == .success(.completed))
        // One wait before the first poll, then one after each failure; the service's own wish is obeyed.
        #expect(time.slept == [50, 9000, 100, 200, 400, 800].map { .milliseconds($0) })
    }

    @Test func aFailingQuestionUnderOurTokenIsRepeated() async throws {
        let conflict = ScriptedServer.Reply.answer(409, [("x-amzn-ErrorType", "ConflictException")], "{}")
        let run = try await run([
            Self.busy, .described("UPDATE_COMPLETE", token: "other"), conflict, .accepted("UPDATE_COMPLETE"),
        ])
        #expect(run.result == .success(.completed))
        #expect(run.methods == "UDUU")
    }

    @Test func patienceEnds() async throws {
        let time = TestTime()
        let failures = Array(repeating: ScriptedServer.Reply.answer(503), count: 100)
        let run = try await run([Self.busy] + failures, time: time) { $0.patience = .seconds(20) }
        #expect(run.result == .failure(.unexpectedStatus(http: 503, type: nil, message: "")))
        #expect(time.now >= .seconds(20) && time.now < .seconds(30))
    }

    @Test func patienceBeginsAnewWithEveryAnswer() async throws {
        let pair = [Self.throttled, .described("UPDATE_IN_PROGRESS")]
        let run = try await run(
            [Self.busy] + Array(repeating: pair, count: 5).flatMap(\.self)
                + [.described("UPDATE_COMPLETE", token: "mine")]
        ) { $0.patience = .seconds(10) }
        #expect(run.result == .success(.completed))
    }

    @Test func aStatusThatIsNoUpdatesEndIsNoAnswer() async throws {
        let run = try await run(
            [Self.busy] + Array(repeating: .described("CREATE_COMPLETE"), count: 50)
        ) { $0.patience = .seconds(5) }
        #expect(
            run.result == .failure(.malformedResponse("the status is CREATE_COMPLETE after an accepted update")))
    }

    @Test func theFirstRequestIsTriedOnce() async throws {
        for reply in [Self.throttled, .answer(500), .hangUp] {
            let run = try await run([reply])
            #expect(run.methods == "U")
            guard case .failure(let error) = run.result else {
                Issue.record("no error")
                continue
            }
            #expect(error.isRetriable)
        }
    }

    @Test func whatCannotPassEndsThePolling() async throws {
        let gone = ScriptedServer.Reply.answer(404, [("x-amzn-ErrorType", "ResourceNotFoundException")], "{}")
        let run = try await run([Self.busy, gone])
        #expect(run.result == .failure(.exception(APIException(.resourceNotFound, ""))))
        #expect(run.methods == "UD")
    }

    // MARK: Cancellation and limits

    @Test func cancellationEndsTheWaitBetweenPolls() async throws {
        let time = TestTime(isHeld: true)
        try await ScriptedServer.run { _, _ in
            Self.busy
        } _: { server in
            try await DatasetClient.with(server, time: time) { client in
                let task = Task {
                    try await client.update(project: "p", type: .train, body: UpdateBody("{}"), token: "mine")
                }
                var sleeps = time.sleeps.makeAsyncIterator()
                _ = await sleeps.next()
                task.cancel()
                await #expect(throws: DatasetClientError.cancelled) { try await task.value }
            }
            #expect(server.requests.count == 1)
        }
    }

    @Test(arguments: [RateLimit.unlimited, .perSecond(5)])
    func aCancelledTaskSendsNothing(_ limit: RateLimit) async throws {
        try await ScriptedServer.run { _, _ in
            .accepted("UPDATE_COMPLETE")
        } _: { server in
            try await DatasetClient.with(server) {
                $0.rateLimit = limit
            } _: { client in
                let (gate, open) = AsyncStream.makeStream(of: Void.self)
                let task = Task {
                    for await _ in gate {}
                    return try await client.update(project: "p", type: .train, body: UpdateBody("{}"), token: "mine")
                }
                task.cancel()
                open.finish()
                await #expect(throws: DatasetClientError.cancelled) { try await task.value }
            }
            #expect(server.requests.isEmpty)
        }
    }

    @Test func everyOperationHasItsOwnLimit() async throws {
        let time = TestTime()
        let polls = Array(repeating: ScriptedServer.Reply.described("UPDATE_IN_PROGRESS"), count: 4)
        let run = try await run([Self.busy] + polls + [.described("UPDATE_COMPLETE", token: "mine")], time: time) {
            $0.rateLimits[.describeDataset] = .perSecond(1)
            $0.backoff = Backoff(base: .zero, cap: .zero)
        }
        #expect(run.result == .success(.completed))
        #expect(time.now == .seconds(4))
    }

    @Test func waitingForADatasetToSettle() async throws {
        try await ScriptedServer.run { _, index in
            .described(index < 2 ? "CREATE_IN_PROGRESS" : "CREATE_FAILED", message: "m\(index)")
        } _: { server in
            try await DatasetClient.with(server) { client in
                let state = try await client.waitUntilTerminal(project: "p", type: .test)
                #expect(state.status == .createFailed)
                #expect(state.statusMessage == "m2")
            }
        }
    }
}
