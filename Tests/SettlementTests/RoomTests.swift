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

    @Test func fullLedgerCutsNothingNewAndTheHeadMakesRoom() throws {
        let bench = Bench(Bench.settings { $0.ledgerCharacters = 1000 })
        bench.assign(0)
        // Every name differs from its first letter on, so that few fit.
        let names = (0..<60).map { number in
            String(repeating: Character(UnicodeScalar(UInt8(65 + number % 26))), count: 60) + "\(number)"
        }
        var random = SplitMix64(seed: 3)
        for round in 0..<4 {
            for name in names.shuffled(using: &random) { bench.publish([SampleEvent(name, "\(round)")]) }
        }
        settleHealthy(bench) { $0.project == names[7] }
        #expect(bench.notices.contains { if case .noRoom = $0 { true } else { false } })
        for (_, metadata) in bench.committed.values { #expect(metadata.utf8.count <= 1000) }
        let before = try bench.ledger()
        #expect(before.entries.contains { $0.dataset?.project == names[7] })
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

    @Test func fullLedgerWhoseHeadWaitsForAnotherPartitionKeepsOnePlaceInTheQueue() {
        let bench = Bench(Bench.settings { $0.ledgerCharacters = 500 })
        bench.assign(0, 1)
        bench.publish([SampleEvent("shared", "a")], partition: 1)
        bench.pass(100)
        while bench.calls.isEmpty { bench.acknowledge() }
        bench.publish([SampleEvent("shared", "b")], partition: 0)
        for number in 0..<30 {
            bench.publish([SampleEvent(String(repeating: "x\(number)", count: 30), "a")], partition: 0)
        }
        settleHealthy(bench) { $0.project == "shared" }
        for _ in 0..<500 { bench.pass(10) }
        #expect(bench.machine.waitersForDataset.values.allSatisfy { $0.count <= 1 })
        bench.settleEverything()
        #expect(bench.committed[0]?.offset == 31)
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
        #expect(bench.machine.partitions[0]?.heldBytes ?? .max <= 5000)
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
        #expect(bench.machine.placesTaken == 0)
        #expect(bench.machine.holders.isEmpty)
        #expect(bench.committed[0]?.offset == 200)
    }
}
