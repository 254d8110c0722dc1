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
