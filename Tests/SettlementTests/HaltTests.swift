import Labelling
import LookoutVision
import Testing

@testable import Settlement

/// `InvalidEventPolicy.halt`: what is invalid holds its lane, and nothing but its lane.
@Suite struct HaltTests {
    private func bench() -> Bench {
        let bench = Bench(Bench.settings { $0.onInvalid = .halt })
        bench.assign(0)
        bench.acknowledge()
        return bench
    }

    private func haltedOffsets(_ bench: Bench) -> [Int64] {
        bench.notices.compactMap { if case .halted(_, let offset, _) = $0 { offset } else { nil } }
    }

    @Test func anUndecodableRecordHoldsTheOffset() throws {
        let bench = bench()
        bench.publish([SampleEvent("p", "a")])
        bench.publish(.tombstone, .rejection, .tombstone, .rejection)
        bench.publish([SampleEvent("p", "b")])
        bench.pass(100)
        bench.acknowledge()
        bench.answer()
        bench.acknowledgeEverything()
        #expect(bench.everyLetter.isEmpty)
        #expect(bench.committed[0]?.offset == 2, "everything before it, and not it")
        #expect(try bench.ledger().floor == 5, "the lane behind it has settled")
        #expect(haltedOffsets(bench) == [2])
        #expect(bench.machine.summary.waiting == [.halted: 1])
        bench.run(60_000)
        #expect(haltedOffsets(bench) == [2, 2], "said again, once a minute")
    }

    /// However many there are, they take no memory that others need, and their records are not kept.
    @Test func undecodableRecordsBehindTheHeadAreNotHeld() {
        let bench = Bench(
            Bench.settings {
                $0.onInvalid = .halt
                $0.memoryBytes = 10_000
            })
        bench.assign(0)
        bench.acknowledge()
        for number in 0..<300 {
            bench.publish(.rejection, .tombstone, .event(SampleEvent("p", "\(number)")))
            bench.play(Bench.Pace(call: 1, commit: 1), forAtMost: 1)
        }
        #expect(bench.paused.isEmpty)
        #expect(bench.machine.partitions[0]?.heldBytes ?? .max < 1000)
        #expect(bench.machine.counters.eventsSettled == 300)
        #expect(bench.committed[0]?.offset == 0)
        let isKept = bench.machine.append(
            Rejection(.badValue, "value", "bad"), bytes: 10, partition: 0, offset: 10_000, now: bench.now)
        #expect(!isKept)
    }

    @Test func aWorkerThatMayDeadLettersWhatHeldTheOther() throws {
        let bench = bench()
        bench.publish(.rejection)
        bench.publish([SampleEvent("p", "a")])
        bench.pass(100)
        bench.acknowledge()
        bench.answer()
        bench.acknowledgeEverything()
        let other = Bench(Bench.settings())
        other.committed = bench.committed
        other.assign(0)
        other.publish(.rejection)
        other.publish([SampleEvent("p", "a")])
        other.settleEverything()
        #expect(other.everyLetter.map(\.offset) == [0])
        #expect(other.everyCall.isEmpty, "what was settled meanwhile stays so")
        #expect(other.committed[0]?.offset == 2)
    }

    @Test func aLineThatIsRefusedAloneHoldsItsLane() throws {
        let bench = bench()
        bench.publish((0..<8).map { SampleEvent("p", "\($0)") })
        bench.publish([SampleEvent("q", "other")])
        var isMended = false
        let decide = { (call: Call) -> Answer in
            let isBad = call.batch.textLines(of: call.piece).contains { $0.contains("s3://b/5") }
            return isBad && !isMended ? .exception(APIException(.validation, "bad line")) : .completed
        }
        for _ in 0..<200 {
            if bench.commit != nil { bench.acknowledge() }
            if let call = bench.calls.first { bench.answer(call, decide(call)) } else { bench.pass(50) }
        }
        #expect(bench.everyLetter.isEmpty)
        #expect(bench.committed[0]?.offset == 0, "the lane's batch is not settled")
        #expect(bench.machine.summary.waiting == [.halted: 1])
        let isNamed = bench.notices.contains {
            if case .waiting(_, _, .halted, "offset 5: bad line", _, _) = $0 { true } else { false }
        }
        #expect(isNamed)
        #expect(bench.machine.counters.linesApplied == 8, "seven of its own, and the other lane's")
        isMended = true
        bench.settleEverything(decide)
        #expect(bench.everyLetter.isEmpty)
        #expect(bench.machine.counters.linesApplied == 9)
        #expect(bench.committed[0]?.offset == 9)
    }

    @Test func aMissingDatasetHasItsOwnPolicy() throws {
        let bench = Bench(
            Bench.settings {
                $0.onInvalid = .halt
                $0.onMissingDataset = .deadLetter
            })
        bench.assign(0)
        bench.acknowledge()
        bench.publish([SampleEvent("p", "a")])
        bench.settleEverything { _ in .exception(APIException(.resourceNotFound, "gone")) }
        #expect(bench.everyLetter.map(\.offset) == [0])
    }
}
