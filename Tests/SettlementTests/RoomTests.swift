import Labelling
import LookoutVision
import Testing

@testable import Settlement

/// The ledger's room and the memory's.
@Suite struct RoomTests {
    /// Answers everything but the datasets that `isStuck` names.
    private func settleHealthy(_ bench: Bench, isStuck: (DatasetKey) -> Bool, steps: Int = 20_000) {
        var idle = 0
        for _ in 0..<steps {
            if bench.commit != nil {
                bench.acknowledge()
            } else if let call = bench.calls.first(where: { !isStuck($0.batch.dataset) }) {
                bench.answer(call)
            } else if let call = bench.calls.first, bench.calls.count >= bench.settings.concurrency {
                // Also the stuck ones answer now and then: that they are busy.
                bench.answer(call, .exception(APIException(.conflict, "busy")))
            } else {
                idle += 1
                if idle > 100 { return }
                bench.run(100)
            }
        }
        Issue.record("the machine does not come to rest")
    }

    @Test func oneStuckDatasetAmongTwoHundredHoldsNobody() throws {
        let bench = Bench()
        bench.assign(0)
        for round in 0..<5 {
            for number in 0..<200 { bench.publish([SampleEvent("project-\(number)", "image-\(round)")]) }
        }
        settleHealthy(bench) { $0.project == "project-77" }
        #expect(bench.machine.counters.eventsSettled == 995)
        let ledger = try bench.ledger()
        #expect(ledger.offset == 77)
        #expect(ledger.floor == 999)
        #expect(ledger.entries.map(\.dataset?.project) == ["project-77"])
        // A new owner calls for the stuck one alone.
        let calls = bench.everyCall.count
        bench.restart()
        bench.assign(0)
        bench.reread()
        bench.settleEverything()
        #expect(bench.everyCall.dropFirst(calls).allSatisfy { $0.batch.dataset.project == "project-77" })
        #expect(bench.committed[0]?.offset == 1000)
    }

    /// Room for ten lanes, and twenty are stuck: nothing is cut for which there is no room, and all go on once one of
    /// them settles.
    @Test func fullLedgerCutsNothingNewUntilThereIsRoom() throws {
        let bench = Bench(Bench.settings { $0.ledgerCharacters = 300 })
        bench.assign(0)
        let names = UnrelatedNames.list(60)
        var random = SplitMix64(seed: 3)
        for round in 0..<4 {
            for name in names.shuffled(using: &random) { bench.publish([SampleEvent(name, "\(round)")]) }
        }
        let stuck = Set(names.prefix(20))
        settleHealthy(bench) { stuck.contains($0.project) }
        #expect(bench.notices.contains { if case .noRoom = $0 { true } else { false } })
        for (_, metadata) in bench.committed.values { #expect(metadata.utf8.count <= 300) }
        #expect(bench.machine.partitions[0]?.room.isFull == true)
        bench.settleEverything(steps: 20_000)
        #expect(bench.committed[0]?.offset == 240)
        #expect(bench.machine.counters.eventsSettled == 240)
        // And nothing was sent twice.
        var sent: Set<String> = []
        for call in bench.everyCall where call.kind == .update {
            for line in call.batch.textLines(of: call.piece) { sent.insert(call.batch.dataset.project + line) }
        }
        #expect(sent.count == 240)
    }

    @Test func laneWhoseDatasetIsElsewhereKeepsOnePlaceInTheQueueOfAFullPartition() {
        let bench = Bench(Bench.settings { $0.ledgerCharacters = 300 })
        bench.assign(0, 1)
        bench.publish([SampleEvent("shared", "a")], partition: 1)
        bench.pass(100)
        while bench.calls.isEmpty { bench.acknowledge() }
        bench.publish([SampleEvent("shared", "b")], partition: 0)
        for name in UnrelatedNames.list(30) { bench.publish([SampleEvent(name, "a")], partition: 0) }
        settleHealthy(bench) { $0.project == "shared" }
        #expect(bench.machine.counters.eventsSettled == 30, "it holds nobody")
        for _ in 0..<500 { bench.pass(10) }
        #expect(bench.machine.waitersForDataset.values.allSatisfy { $0.count <= 1 })
        bench.settleEverything()
        #expect(bench.committed[0]?.offset == 31)
    }

    /// One place, and a stuck dataset that asks again and again.
    @Test(arguments: [1, 2, 4]) func retriesLeaveRoomForOthersAndOthersForRetries(concurrency: Int) {
        let bench = Bench(
            Bench.settings {
                $0.concurrency = concurrency
                $0.batchLines = 1
            })
        bench.assign(0)
        let names = UnrelatedNames.list(40)
        bench.load(names.map { SampleEvent($0, "a") })
        bench.load((0..<60).map { SampleEvent("busy", "\($0)") })
        bench.turn()
        let stuck = Set(names.prefix(30))
        let busy = Bench.Outcome.answered(.exception(APIException(.conflict, "busy")))
        var retries = 0
        bench.play(forAtMost: 3600, until: bench.machine.counters.eventsSettled == 70) { call in
            guard stuck.contains(call.batch.dataset.project) else { return .answered(.completed) }
            retries += 1
            return busy
        }
        #expect(bench.machine.counters.eventsSettled == 70, "no number of stuck ones holds up the others")
        #expect(retries > 30)
        // And while others have work without end, the stuck ones get on as soon as they may.
        bench.load((0..<2000).map { SampleEvent("busy", "\($0)") })
        bench.turn()
        let settled = { bench.machine.counters.eventsSettled }
        bench.play(forAtMost: 600, until: bench.everyCall.suffix(1).isEmpty || settled() >= 400)
        #expect(Set(bench.everyCall.suffix(400).map(\.batch.dataset.project)).isSuperset(of: stuck))
        #expect(bench.machine.placesOfRetries <= concurrency)
    }

    /// A dataset that takes an hour to answer has asked in vain as much as one that says that it is busy.
    @Test func laneThatGetsNoAnswerGivesUpItsQueueToo() {
        let bench = Bench(
            Bench.settings {
                $0.memoryBytes = 12_000
                $0.batchLines = 5
            })
        bench.assign(0)
        bench.acknowledge()
        for number in 0..<400 {
            bench.load([SampleEvent(number % 2 == 0 ? "silent" : "p\(number % 7)", "\(number)")])
            bench.turn()
            bench.play(
                Bench.Pace(call: 10, commit: 1), forAtMost: 1,
                outcome: { $0.batch.dataset.project == "silent" ? .never : .answered(.completed) })
        }
        #expect(bench.machine.counters.eventsSettled == 200, "everybody else")
        #expect(bench.paused.isEmpty)
    }

    @Test func memoryAboveTheBudgetPausesAndResumesLate() throws {
        let bench = Bench(
            Bench.settings {
                $0.memoryBytes = 20_000
                $0.batchLines = 10
            })
        bench.assign(0, 1)
        bench.acknowledge()
        var offset = 0
        while bench.paused.isEmpty, offset < 1000 {
            bench.publish([SampleEvent("p", "\(offset)")], partition: 0)
            if bench.commit != nil { bench.acknowledge() }
            offset += 1
        }
        #expect(bench.paused == [0], "the partition that holds more than its share")
        while bench.paused == [0], let call = bench.calls.first {
            bench.answer(call)
            while bench.commit != nil { bench.acknowledge() }
        }
        #expect(bench.paused.isEmpty)
        #expect(bench.machine.partitions[0]?.heldBytes ?? .max <= 10_000)
        bench.settleEverything()
        #expect(bench.machine.partitions[0]?.heldBytes == 0, "every byte is given back")
    }

    /// A dataset that never answers fills its partition's share; the others go on all the same.
    private func withOneStuck() -> Bench {
        let bench = Bench(
            Bench.settings {
                $0.memoryBytes = 12_000
                $0.batchLines = 5
            })
        bench.assign(0)
        bench.acknowledge()
        for number in 0..<200 {
            bench.publish([SampleEvent(number % 2 == 0 ? "stuck" : "p\(number % 7)", "\(number)")])
            settleHealthy(bench) { $0.project == "stuck" }
            if let call = bench.calls.first { bench.answer(call, .exception(APIException(.conflict, "busy"))) }
            #expect(bench.paused.isEmpty)
        }
        return bench
    }

    @Test func stuckDatasetGivesUpItsQueueAndReadsItAgain() throws {
        let bench = withOneStuck()
        #expect(bench.machine.counters.eventsSettled == 100)
        #expect(bench.machine.partitions[0]?.heldBytes ?? .max < 12_000)
        #expect(try bench.ledger().entries.map(\.dataset?.project) == ["stuck"])
        #expect(bench.rewinds.isEmpty, "while it is stuck there is nothing to be gained")
        var read = 0
        for _ in 0..<2000 where bench.machine.counters.eventsSettled < 200 {
            if bench.rewinds.count > read, let (partition, offset) = bench.rewinds.last {
                read = bench.rewinds.count
                // Records that were on their way arrive before the rewind is done, and change nothing.
                bench.redeliver(partition, from: Int64(bench.logEnd(partition)) - 3)
                bench.machine.rewound(partition: partition, to: offset, now: bench.now)
                bench.redeliver(partition, from: offset)
            } else if bench.commit != nil {
                bench.acknowledge()
            } else if !bench.calls.isEmpty {
                bench.answer()
            } else {
                bench.run(100)
            }
        }
        bench.settleEverything()
        #expect(read > 0)
        #expect(bench.committed[0]?.offset == 200)
        let updates = bench.everyCall.filter { $0.kind == .update }
        let tokens = Set(updates.map(bench.token))
        var lines: [String] = []
        var seen: Set<String> = []
        for call in updates where seen.insert(bench.token(call)).inserted {
            lines += call.batch.textLines(of: call.piece)
        }
        #expect(tokens.count == seen.count && lines.count == 200, "every event went out in one batch alone")
        #expect(bench.machine.partitions[0]?.heldBytes == 0)
    }

    @Test func rewindThatIsNotConfirmedIsAskedForAgain() throws {
        let bench = withOneStuck()
        while bench.rewinds.isEmpty {
            if bench.commit != nil {
                bench.acknowledge()
            } else if !bench.calls.isEmpty {
                bench.answer()
            } else {
                bench.run(100)
            }
        }
        let asked = bench.rewinds.count
        bench.acknowledgeEverything()
        bench.run(4000)
        #expect(bench.rewinds.count == asked)
        bench.run(2000)
        #expect(bench.rewinds.count == asked + 1)
        // News of another rewind is no news of this one.
        bench.machine.rewound(partition: 0, to: 0, now: bench.now)
        bench.run(6000)
        #expect(bench.rewinds.count >= asked + 2)
    }

    @Test func heldBytesComeBackToNothing() {
        let bench = Bench(Bench.settings { $0.batchLines = 7 })
        bench.assign(0)
        for number in 0..<200 {
            switch number % 9 {
            case 0: bench.publish(.rejection)
            case 1: bench.publish(.tombstone)
            default: bench.publish([SampleEvent("p\(number % 4)", "\(number % 13)", "\(number)")])
            }
        }
        bench.settleEverything()
        #expect(bench.machine.partitions[0]?.heldBytes == 0)
        #expect(bench.machine.placesTaken == 0 && bench.machine.unrecordedCount == 0)
        #expect(bench.machine.holders.isEmpty)
        #expect(bench.committed[0]?.offset == 200)
    }
}
