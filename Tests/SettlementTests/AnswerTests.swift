import Labelling
import LookoutVision
import Testing

@testable import Settlement

/// What each answer of the API leads to.
@Suite struct AnswerTests {
    private func calling(
        _ refs: [String] = ["a", "b"], _ change: @escaping (inout Settings) -> Void = { _ in }
    ) -> Bench {
        let bench = Bench(Bench.settings(change))
        bench.assign(0)
        bench.acknowledge()
        bench.publish(refs.enumerated().map { SampleEvent("p", $1, "\($0)") })
        bench.pass(100)
        bench.acknowledge()
        return bench
    }

    /// How many failures in a row each wait spoke of; of those for one reason only, where it is given.
    private func failures(_ bench: Bench, _ wanted: WaitReason? = nil) -> [Int] {
        bench.notices.compactMap { notice in
            guard case .waiting(_, _, let reason, _, _, let failures) = notice, reason == wanted ?? reason else {
                return nil
            }
            return failures
        }
    }

    @Test(arguments: [
        Answer.exception(APIException(.conflict, "busy")), .exception(APIException(.accessDenied, "no")),
        .exception(APIException(.throttling, "slow")), .exception(APIException(.internalServer, "oops")),
        .exception(APIException(.serviceQuotaExceeded, "full")), .exception(APIException(.resourceNotFound, "gone")),
        .unreachable(message: "time-out"), .unauthorized(message: "no credentials"),
    ])
    func waitsAndSendsTheSameTokenAgainWithoutLimit(answer: Answer) throws {
        let bench = calling()
        let token = bench.token(try #require(bench.calls.first))
        for _ in 0..<50 {
            bench.answer(nil, answer)
            #expect(bench.calls.isEmpty)
            bench.run(60_000)
            #expect(bench.token(try #require(bench.calls.first)) == token)
        }
        #expect(failures(bench) == Array(1...50))
        #expect(bench.everyLetter.isEmpty)
        bench.answer()
        bench.settleEverything()
        #expect(bench.committed[0]?.offset == 2)
    }

    @Test func aWaitingLaneDoesNotHoldTheOthers() throws {
        let bench = calling(["a"]) { $0.concurrency = 1 }
        bench.answer(nil, .exception(APIException(.accessDenied, "no")))
        for number in 0..<10 {
            bench.publish([SampleEvent("q\(number)", "a")])
            bench.pass(100)
            var steps = 0
            while bench.machine.counters.batchesSettled <= number, steps < 100 {
                steps += 1
                if bench.commit != nil {
                    bench.acknowledge()
                } else if let call = bench.calls.first {
                    bench.answer(
                        call,
                        call.batch.dataset.project == "p" ? .exception(APIException(.accessDenied, "no")) : .completed)
                } else {
                    bench.pass(10)
                }
            }
        }
        #expect(bench.machine.counters.batchesSettled == 10)
        bench.run(300)
        if bench.commit != nil { bench.acknowledge() }
        #expect(bench.committed[0]?.offset == 0)
        let ledger = try bench.ledger()
        #expect(ledger.entries.contains { $0.dataset?.project == "p" && $0.inFlight != nil })
        #expect(ledger.floor == 10, "one stuck, many healthy: the floor goes up and names the stuck one alone")
        #expect(ledger.entries.count == 1)
    }

    @Test func retryAfterIsObeyedButNeverForMoreThanAMinute() throws {
        let bench = calling()
        bench.answer(nil, .exception(APIException(.throttling, "slow", retryAfterSeconds: 30)))
        bench.run(29_999)
        #expect(bench.calls.isEmpty)
        bench.run(21_000)
        bench.answer(nil, .exception(APIException(.throttling, "slow", retryAfterSeconds: 1_000_000)))
        bench.run(59_999)
        #expect(bench.calls.isEmpty)
        bench.run(21_000)
        #expect(bench.calls.count == 1)
        bench.answer(nil, .exception(APIException(.internalServer, "oops", retryAfterSeconds: -5)))
        bench.run(21_000)
        #expect(bench.calls.count == 1)
    }

    @Test func supersededLineComesBackWhereTheLaterOneIsRefused() throws {
        let bench = calling(["a", "b", "a"])
        let bad = SampleEvent("p", "a", "2").line
        var applied: [String] = []
        bench.settleEverything { call in
            if call.batch.payload(of: call.piece).contains(bad) { return .rolledBack(message: "bad mask") }
            applied += call.batch.textLines(of: call.piece)
            return .completed
        }
        #expect(Set(applied) == [SampleEvent("p", "a", "0").line, SampleEvent("p", "b", "1").line])
        #expect(
            bench.everyLetter == [
                DeadLetter(offset: 2, cause: .refused(.rolledBack, message: "bad mask"), line: Array(bad.utf8))
            ])
        #expect(bench.committed[0]?.offset == 3)
    }

    @Test func poisonLineAmongTenThousandCostsALogarithmOfCalls() throws {
        let bench = calling((0..<10_000).map { "\($0)" })
        let bad = SampleEvent("p", "7321", "7321").line
        bench.settleEverything { call in
            call.batch.payload(of: call.piece).contains(bad) ? .rolledBack(message: "no such image") : .completed
        }
        #expect(bench.everyLetter.map(\.offset) == [7321])
        #expect(bench.machine.counters.linesApplied == 9999)
        #expect(bench.everyCall.count <= 1 + 2 * 14 + 3)
        #expect(bench.machine.counters.deadLetters == 1)
    }

    @Test func failedDeadLetterIsWrittenAgainBeforeItIsSettled() throws {
        let bench = calling(["a", "b"])
        let bad = SampleEvent("p", "b", "1").line
        while bench.letters.isEmpty {
            let call = try #require(bench.calls.first)
            bench.answer(
                call,
                call.batch.payload(of: call.piece).contains(bad)
                    ? .exception(APIException(.validation, "bad")) : .completed)
        }
        for _ in 0..<3 {
            bench.answerLetters("no broker")
            bench.run(21_000)
            if bench.commit != nil { bench.acknowledge() }
            #expect(bench.committed[0]?.offset == 0, "settled only once the broker has it")
            #expect(bench.letters.count == 1)
        }
        bench.answerLetters()
        bench.settleEverything()
        #expect(bench.committed[0]?.offset == 2)
        #expect(bench.machine.counters.deadLetters == 1)
    }

    @Test func outageDeadLettersNothing() {
        let bench = calling((0..<20).map { "\($0)" })
        for _ in 0..<200 {
            if let call = bench.calls.first { bench.answer(call, .rolledBack(message: "everything is broken")) }
            bench.run(1000)
        }
        #expect(bench.everyLetter.isEmpty)
        #expect(bench.everyCall.count < 200, "and asks ever more rarely")
        let failures = failures(bench, .outage)
        #expect(failures.count > 3 && failures == Array(1...failures.count), "each round is one failure more")
        bench.settleEverything()
        #expect(bench.everyLetter.isEmpty)
        #expect(bench.committed[0]?.offset == 20)
    }

    @Test func secondLoneLineInARowIsDoubted() throws {
        let bench = calling(["a"])
        bench.settleEverything { _ in .rolledBack(message: "bad") }
        #expect(bench.everyLetter.count == 1)
        bench.publish([SampleEvent("p", "b")])
        bench.pass(100)
        bench.acknowledge()
        #expect(try bench.ledger().entries.first?.inFlight?.doubtsLoneLine == true)
        bench.answer(nil, .rolledBack(message: "bad"))
        bench.answer(nil, .rolledBack(message: "bad"))
        #expect(bench.letters.isEmpty)
        // The doubt outlives the process: the calls follow from it.
        bench.restart()
        bench.assign(0)
        bench.reread()
        bench.answer(nil, .rolledBack(message: "bad"))
        bench.answer(nil, .rolledBack(message: "bad"))
        #expect(bench.letters.isEmpty && bench.calls.isEmpty)
        bench.settleEverything()
        #expect(bench.everyLetter.count == 1)
    }

    // MARK: - A dataset that is missing

    @Test func missingDatasetIsCreatedThenSentUnderTheSameToken() throws {
        let bench = calling { $0.onMissingDataset = .create }
        let token = bench.token(try #require(bench.calls.first))
        bench.answer(nil, .exception(APIException(.resourceNotFound, "gone")))
        #expect(bench.calls.first?.kind == .createDataset)
        bench.answer(nil, .created)
        let again = try #require(bench.calls.first)
        #expect(again.kind == .update)
        #expect(bench.token(again) == token)
        // Created, and still not there: with a back-off from now on, for ever.
        for _ in 0..<20 {
            bench.answer(nil, .exception(APIException(.resourceNotFound, "gone")))
            #expect(bench.calls.isEmpty)
            bench.run(16_000)
            #expect(bench.calls.first?.kind == .createDataset)
            bench.answer(nil, .created)
        }
        #expect(
            failures(bench, .datasetMissing) == Array(2...21),
            "each creation is one more, and after the first nobody waits")
        bench.answer()
        bench.settleEverything()
        #expect(bench.committed[0]?.offset == 2)
    }

    @Test func refusedCreationNeverBlamesTheLines() throws {
        let bench = calling { $0.onMissingDataset = .create }
        bench.answer(nil, .exception(APIException(.resourceNotFound, "gone")))
        for answer in [
            Answer.exception(APIException(.validation, "no")), .rolledBack(message: "CREATE_FAILED"),
            .exception(APIException(.accessDenied, "no")),
        ] {
            #expect(bench.calls.first?.kind == .createDataset)
            bench.answer(nil, answer)
            bench.run(20_000)
        }
        #expect(bench.everyLetter.isEmpty)
        // Somebody else made it meanwhile.
        bench.answer(nil, .exception(APIException(.conflict, "exists")))
        #expect(bench.calls.first?.kind == .update)
    }

    @Test func missingDatasetByConfigurationDeadLettersEveryEvent() {
        let bench = calling(["a", "b", "a"]) { $0.onMissingDataset = .deadLetter }
        bench.settleEverything { _ in .exception(APIException(.resourceNotFound, "gone")) }
        #expect(bench.everyLetter.map(\.offset) == [0, 1, 2])
        #expect(
            bench.everyLetter.allSatisfy { $0.cause == .refused(.datasetMissing, message: "gone") })
        #expect(bench.committed[0]?.offset == 3)
    }

    // MARK: - The age of a token

    @Test func oldTokenIsReadBackAndSettledWhereAllIsThere() throws {
        let bench = calling()
        bench.answer(nil, .unreachable(message: "time-out"))
        bench.now.wall += 27_000_000
        bench.run(1000)
        #expect(bench.calls.first?.kind == .readBack)
        bench.answer()
        bench.settleEverything()
        #expect(bench.committed[0]?.offset == 2)
        #expect(bench.everyCall.count == 2)
    }

    @Test func oldTokenThatIsNotThereGetsANewOneUnderANewIntent() throws {
        let bench = calling()
        let token = bench.token(try #require(bench.calls.first))
        bench.answer(nil, .unreachable(message: "time-out"))
        bench.now.wall += 26_990_000
        bench.run(1000)
        #expect(bench.calls.first?.kind == .update, "seven hours and a half are not over")
        bench.answer(nil, .unreachable(message: "time-out"))
        bench.now.wall += 10_000
        bench.run(1000)
        bench.answer(nil, .notAsSent)
        #expect(bench.calls.isEmpty, "not before the new generation is recorded")
        // A commit that fails leaves the old generation in the ledger, and nothing sent.
        bench.answerCommit(.failed("no coordinator"))
        #expect(bench.calls.isEmpty)
        bench.run(1000)
        bench.acknowledge()
        let call = try #require(bench.calls.first)
        #expect(call.kind == .update)
        #expect(call.generation == 1)
        #expect(bench.token(call) != token)
        let inFlight = try #require(bench.ledger().entries.first?.inFlight)
        #expect(inFlight.generation == 1)
        #expect(inFlight.firstSent == bench.now.wall / 1000 - 1 || inFlight.firstSent == bench.now.wall / 1000)
        // The next owner goes on with it.
        bench.restart()
        bench.assign(0)
        bench.reread()
        #expect(bench.token(try #require(bench.calls.first)) == bench.token(call))
    }

    @Test func newGenerationThatIsTakenBackKeepsTheOldOnesAge() throws {
        let bench = calling()
        bench.answer(nil, .unreachable(message: "time-out"))
        bench.now.wall += 27_000_000
        bench.run(1000)
        // Revoked before any commit could name it.
        let call = try #require(bench.calls.first)
        bench.machine.callFinished(call.id, .notAsSent, now: bench.now)
        bench.machine.revoke([0], now: bench.now)
        bench.turn()
        bench.acknowledge()
        let inFlight = try #require(bench.ledger().entries.first?.inFlight)
        #expect(inFlight.generation == 0)
        #expect(inFlight.firstSent == 1_795_000_000)
        bench.restart()
        bench.assign(0)
        bench.reread()
        #expect(bench.calls.first?.kind == .readBack)
    }

    @Test func newGenerationThatWasNamedStandsThoughItsCommitFailed() throws {
        let bench = calling()
        bench.answer(nil, .unreachable(message: "time-out"))
        bench.now.wall += 27_000_000
        bench.run(1000)
        bench.answer(nil, .notAsSent)
        bench.answerCommit(.failed("no coordinator"))
        bench.machine.revoke([0], now: bench.now)
        bench.turn()
        bench.acknowledge()
        #expect(try bench.ledger().entries.first?.inFlight?.generation == 1)
    }
}
