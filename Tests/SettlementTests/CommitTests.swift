import Labelling
import LookoutVision
import Testing

@testable import Settlement

/// Commits that are refused, lost or late, and the ownership that they hang on.
@Suite struct CommitTests {
    private func withIntent() -> Bench {
        let bench = Bench()
        bench.assign(0)
        bench.acknowledge()
        bench.publish([SampleEvent("p", "a"), SampleEvent("q", "a")])
        bench.pass(100)
        return bench
    }

    /// Where many lanes are ripe, twice as many batches as there are places are recorded ahead: a place that becomes free waits
    /// for no commit, and a commit carries many intents.
    @Test func batchesAreRecordedAhead() {
        let bench = Bench(
            Bench.settings {
                $0.concurrency = 8
                $0.commitInterval = .seconds(600)
            })
        bench.assign(0)
        bench.acknowledge()
        bench.load((0..<76).map { SampleEvent("board-\($0)", "a") })
        bench.pass(1000)
        bench.acknowledge()
        #expect(bench.calls.count == 8)
        let before = bench.machine.counters.commits
        for answered in 1...48 {
            bench.answer()
            bench.turn()
            #expect(bench.calls.count == 8, "the place is taken at once")
            #expect((bench.commit != nil) == (answered % 12 == 0))
            if bench.commit != nil { bench.acknowledge() }
        }
        #expect(bench.machine.counters.commits - before == 4, "twelve intents each")
        // The rest are fewer than the places: they grow until there is one.
        for _ in 0..<16 {
            bench.answer()
            bench.turn()
            #expect(bench.commit == nil)
        }
        bench.settleEverything()
        #expect(bench.machine.placesTaken == 0 && bench.machine.unrecordedCount == 0)
        bench.expectNothingTwice()
    }

    /// Twice the places, but no more than half of a ledger has room for, unless the places alone are more.
    @Test(arguments: [(8, 16), (32, 64), (40, 64), (100, 100)])
    func soManyAreRecordedAhead(concurrency: Int, ahead: Int) {
        let bench = Bench(
            Bench.settings {
                $0.concurrency = concurrency
                $0.ledgerCharacters = 1 << 16
            })
        bench.assign(0)
        bench.acknowledge()
        bench.load((0..<(concurrency * 5)).map { SampleEvent("board-\($0)", "a") })
        bench.pass(1000)
        bench.acknowledge()
        #expect(bench.calls.count == concurrency)
        #expect(bench.machine.batchesAhead == ahead)
    }

    @Test func refusedIntentIsWrittenAgainBeforeAnyCall() throws {
        let bench = withIntent()
        let first = try #require(bench.commit)
        bench.answerCommit(.resolved(refused: [0: "rebalance in progress"]))
        #expect(bench.calls.isEmpty)
        bench.run(3000)
        #expect(bench.calls.isEmpty)
        #expect(bench.commit == first, "the cuts stand")
        bench.answerCommit(.failed("no coordinator"))
        bench.run(3000)
        bench.acknowledge()
        #expect(bench.calls.count == 2)
        #expect(bench.machine.counters.commitsFailed == 2)
    }

    @Test func unknownOutcomeEndsTheMember() {
        let bench = withIntent()
        bench.answerCommit(.unknown)
        #expect(bench.reasonToGiveUp != nil)
        bench.run(100_000)
        #expect(bench.commit == nil && bench.calls.isEmpty && !bench.hasLeft, "nothing follows")
        #expect(bench.deadline == nil)
    }

    @Test func oneRefusedPartitionDoesNotHoldTheOther() {
        let bench = Bench()
        bench.assign(0, 1)
        bench.acknowledge()
        bench.publish([SampleEvent("p", "a")], partition: 0)
        bench.publish([SampleEvent("q", "a")], partition: 1)
        bench.pass(100)
        bench.answerCommit(.resolved(refused: [0: "metadata too large"]))
        #expect(bench.calls.map(\.batch.partition) == [1])
    }

    @Test func revokeWaitsForTheCommitThenWritesWhatIsSettled() throws {
        let bench = withIntent()
        bench.machine.revoke([0], now: bench.now)
        bench.turn()
        #expect(bench.unassigned.isEmpty)
        bench.acknowledge()
        // Both intents are recorded by now, yet nothing more is sent: the next owner does.
        #expect(bench.calls.isEmpty)
        #expect(bench.unassigned == [[0]])
        #expect(try bench.ledger().entries.count == 2)
    }

    @Test func revokeWritesSettledStateAndDoesNotWaitForCalls() throws {
        let bench = withIntent()
        bench.acknowledge()
        bench.answer(bench.calls.first { $0.batch.dataset.project == "q" })
        bench.machine.revoke([0], now: bench.now)
        bench.turn()
        bench.acknowledge()
        #expect(bench.unassigned == [[0]])
        #expect(bench.calls.count == 1)
        let ledger = try bench.ledger()
        #expect(ledger.offset == 0)
        #expect(ledger.entries.contains { $0.dataset?.project == "p" && $0.inFlight?.cut == 0 })
        #expect(!ledger.entries.contains { $0.dataset?.project == "q" && $0.inFlight != nil })
        // The late answer changes nothing.
        bench.answer()
        #expect(bench.commit == nil)
        #expect(bench.machine.counters.eventsSettled == 1)
    }

    @Test func revokeGivesUpOnACommitThatStaysUnresolved() {
        let bench = withIntent()
        bench.machine.revoke([0], now: bench.now)
        bench.turn()
        bench.run(4999)
        #expect(bench.reasonToGiveUp == nil)
        bench.run(1)
        #expect(bench.reasonToGiveUp != nil)
        #expect(bench.unassigned.isEmpty)
    }

    @Test func revokeBeforeAnythingWasAssigned() {
        let bench = Bench()
        bench.machine.revoke([3, 1], now: bench.now)
        bench.turn()
        #expect(bench.unassigned == [[1, 3]])
        #expect(bench.commit == nil)
        #expect(bench.deadline == nil)
    }

    @Test func refusedGoodbyeIsNotTriedAgain() {
        let bench = withIntent()
        bench.acknowledge()
        bench.answer()
        bench.machine.revoke([0], now: bench.now)
        bench.turn()
        bench.answerCommit(.resolved(refused: [0: "unknown member"]))
        #expect(bench.commit == nil)
        #expect(bench.unassigned == [[0]])
    }

    @Test func lostPartitionsAreForgottenAndNothingIsWritten() {
        let bench = withIntent()
        bench.acknowledge()
        bench.answer()
        bench.machine.lose([0])
        bench.turn()
        bench.run(10_000)
        #expect(bench.commit == nil)
        bench.answer()
        #expect(bench.commit == nil, "an answer of the older ownership changes nothing")
        #expect(bench.machine.counters.eventsSettled == 1)
        #expect(bench.reasonToGiveUp == nil)
    }

    @Test func losingAPartitionWithItsCommitOutstandingEndsTheMember() {
        let bench = withIntent()
        bench.machine.lose([0])
        bench.turn()
        #expect(bench.reasonToGiveUp != nil)
    }

    @Test func reassignedPartitionStartsFromWhatWasCommitted() throws {
        let bench = withIntent()
        bench.acknowledge()
        let old = try #require(bench.calls.first)
        let token = bench.token(old)
        bench.machine.lose([0])
        bench.assign(0)
        bench.reread()
        #expect(bench.calls.count == 4)
        #expect(bench.calls.dropFirst(2).contains { bench.token($0) == token }, "the runner attaches by the token")
        bench.answer(old)
        #expect(bench.machine.counters.eventsSettled == 0, "the answer of the older epoch changes nothing")
        bench.settleEverything()
        #expect(bench.committed[0]?.offset == 2)
        #expect(bench.machine.counters.eventsSettled == 2)
    }

    @Test func stopLetsCallsFinishWithinItsGrace() throws {
        let bench = withIntent()
        bench.acknowledge()
        bench.publish([SampleEvent("r", "a")])
        bench.machine.stop(grace: .seconds(2), now: bench.now)
        bench.turn()
        bench.run(1000)
        #expect(!bench.hasLeft)
        bench.answer()
        bench.answer()
        bench.run(10)
        #expect(bench.calls.isEmpty, "nothing new is cut")
        while bench.commit != nil, !bench.hasLeft { bench.acknowledge() }
        #expect(bench.hasLeft)
        #expect(bench.committed[0]?.offset == 2)
        bench.run(5000)
        #expect(bench.commit == nil, "nothing is written after leaving")
    }

    @Test func stopLeavesWhenItsGraceIsOver() throws {
        let bench = withIntent()
        bench.acknowledge()
        bench.answer(bench.calls.last)
        bench.machine.stop(grace: .seconds(2), now: bench.now)
        bench.turn()
        if bench.commit != nil { bench.acknowledge() }
        bench.run(1999)
        if bench.commit != nil { bench.acknowledge() }
        #expect(!bench.hasLeft)
        bench.run(2)
        if bench.commit != nil { bench.acknowledge() }
        #expect(bench.hasLeft)
        #expect(try bench.ledger().entries.contains { $0.inFlight != nil })
        bench.answer()
        bench.run(5000)
        #expect(bench.commit == nil)
    }

    @Test func stopWithACommitOutstandingDoesNotSpin() {
        let bench = withIntent()
        bench.machine.stop(grace: .zero, now: bench.now)
        bench.run(5000)
        #expect(!bench.hasLeft)
        bench.acknowledge()
        if bench.commit != nil { bench.acknowledge() }
        #expect(bench.hasLeft)
        #expect(bench.calls.isEmpty)
    }

    /// The failed commit may have been stored, and somebody may have formed its batch from it: cut anew with what came
    /// since, its events would be in two updates.
    @Test func aCutThatWasNamedStandsThoughItsCommitFailed() throws {
        let bench = Bench()
        bench.assign(0)
        bench.acknowledge()
        bench.publish([SampleEvent("p", "a")])
        bench.run(200)
        let sent = try #require(bench.commit?.first)
        bench.answerCommit(.failed("connection broken"))
        bench.publish([SampleEvent("p", "b")])
        bench.machine.revoke([0], now: bench.now)
        bench.turn()
        // The goodbye says the same of the batch as the commit whose fate is not known.
        let goodbye = try #require(bench.commit?.first)
        let coder = LedgerCoder(group: "g", topic: "t", partition: 0)
        let first = try coder.decode(sent.metadata, committedAt: sent.offset)
        let last = try coder.decode(goodbye.metadata, committedAt: goodbye.offset)
        #expect(first.entries.first?.inFlight?.cut == 0)
        #expect(last.entries.first?.inFlight?.cut == 0)
        bench.acknowledge()
        #expect(bench.unassigned == [[0]])
        #expect(bench.everyCall.isEmpty)
    }
}
