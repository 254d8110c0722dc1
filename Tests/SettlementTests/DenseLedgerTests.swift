import Labelling
import LookoutVision
import Testing

@testable import Settlement

/// Partitions of many datasets with names that share nothing, under the broker's default of metadata.
@Suite struct DenseLedgerTests {
    private static let busy = Bench.Outcome.answered(.exception(APIException(.conflict, "busy")))

    private func bench(
        lanes: Int, rounds: Int, _ change: (inout Settings) -> Void = { _ in }
    ) -> (bench: Bench, names: [String]) {
        let bench = Bench(
            Bench.settings {
                $0.concurrency = 16
                change(&$0)
            })
        bench.assign(0)
        let names = UnrelatedNames.list(lanes)
        for round in 0..<rounds { bench.load(names.map { SampleEvent($0, "\(round)") }) }
        bench.turn()
        return (bench, names)
    }

    @Test func oneThatNeverAnswersAmongTwoHundredHoldsNobody() throws {
        let (bench, names) = bench(lanes: 200, rounds: 5)
        let seconds = bench.play(forAtMost: 600, until: bench.machine.counters.eventsSettled == 995) { call in
            call.batch.dataset.project == names[77] ? .never : .answered(.completed)
        }
        print("200 datasets, one that never answers: \(bench.machine.counters.eventsSettled) events in \(seconds) s")
        #expect(bench.machine.counters.eventsSettled == 995)
        #expect(seconds < 15, "199 calls of a second, 15 at a time")
        bench.play(forAtMost: 1, outcome: { _ in .never })
        let ledger = try bench.ledger()
        #expect(ledger.offset == 77)
        #expect(ledger.entries.map(\.dataset?.project) == [names[77]])
        bench.expectNothingTwice()
    }

    @Test(arguments: [50_000, 2]) func twoThousandHealthyOnesAllSettle(batchLines: Int) throws {
        let (bench, _) = bench(lanes: 2000, rounds: 5) { $0.batchLines = batchLines }
        let seconds = bench.play(forAtMost: 3600, until: bench.machine.counters.eventsSettled == 10_000)
        print(
            "2000 datasets in batches of \(batchLines): \(bench.machine.counters.eventsSettled) events in \(seconds) s")
        let calls = Double(2000 * max(1, (5 + batchLines - 1) / batchLines))
        #expect(bench.machine.counters.eventsSettled == 10_000)
        #expect(seconds < calls / 16 * 1.1, "a second a call, 16 at a time")
        bench.play(forAtMost: 2)
        #expect(bench.committed[0]?.offset == 10_000)
        bench.expectNothingTwice()
    }

    /// Three in twenty are stuck, in batches of two: far more lanes come to rest in the middle than have room.
    @Test func aHundredAndFiftyStuckAmongAThousandHoldNobody() throws {
        let (bench, names) = bench(lanes: 1000, rounds: 5) { $0.batchLines = 2 }
        let stuck = Set(names.enumerated().filter { $0.offset % 20 < 3 }.map(\.element))
        let seconds = bench.play(forAtMost: 3600, until: bench.machine.counters.eventsSettled == 850 * 5) { call in
            stuck.contains(call.batch.dataset.project) ? Self.busy : .answered(.completed)
        }
        print("1000 datasets, 150 of them stuck: \(bench.machine.counters.eventsSettled) events in \(seconds) s")
        #expect(bench.machine.counters.eventsSettled == 850 * 5)
        bench.play(forAtMost: 3600, until: bench.committed[0]?.offset == 5000)
        #expect(bench.committed[0]?.offset == 5000, "and go on once they are let")
        bench.expectNothingTwice()
    }

    /// In the middle of a drain: half of the lanes at the ceiling, half on the floor. What it costs is printed.
    @Test func ledgerOfAThousandLanes() throws {
        let (bench, _) = bench(lanes: 1000, rounds: 5) { $0.batchLines = 2 }
        bench.play(forAtMost: 60)
        let partition = try #require(bench.machine.partitions[0])
        #expect(partition.active.count > 900)
        let count = 100
        let time = ContinuousClock().measure {
            for _ in 0..<count { _ = partition.composeStatement(maximumCharacters: 3900) }
        }
        let statement = try #require(partition.composeStatement(maximumCharacters: 3900))
        print(
            "composing a ledger of \(partition.active.count) lanes takes \(time / count), "
                + "\(statement.metadata.utf8.count) characters")
        #expect(statement.levels.ceiling != nil)
        #expect(statement.metadata.utf8.count < 1300)
    }

    /// Two partitions of one worker: the one whose ledger is full of stuck lanes leaves the other its places.
    @Test func aFullPartitionLeavesItsPlacesToOthers() throws {
        let bench = Bench(Bench.settings { $0.ledgerCharacters = 600 })
        bench.assign(0, 1)
        let names = UnrelatedNames.list(400)
        bench.load(names[..<200].map { SampleEvent($0, "a") }, partition: 0)
        bench.load(names[200...].map { SampleEvent($0, "a") }, partition: 1)
        bench.turn()
        let seconds = bench.play(forAtMost: 600, until: bench.machine.counters.eventsSettled == 200) { call in
            call.batch.partition == 0 ? Self.busy : .answered(.completed)
        }
        print("beside a full partition: \(bench.machine.counters.eventsSettled) events in \(seconds) s")
        #expect(bench.machine.counters.eventsSettled == 200)
        #expect(bench.notices.contains { if case .noRoom(partition: 0) = $0 { true } else { false } })
        #expect(bench.machine.holdups(now: bench.now).contains { $0.partition == 0 })
        bench.play(forAtMost: 3600, until: bench.committed[0]?.offset == 200)
        #expect(bench.committed[0]?.offset == 200)
        bench.expectNothingTwice()
    }
}
