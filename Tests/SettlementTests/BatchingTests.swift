import Labelling
import LookoutVision
import Settlement
import Testing

/// From records to a recorded intent to a call.
@Suite struct BatchingTests {
    @Test func intentGoesBeforeTheCall() throws {
        let bench = Bench()
        bench.assign(0)
        bench.publish([SampleEvent("p", "a"), SampleEvent("p", "b")])
        bench.pass(99)
        #expect(bench.calls.isEmpty)
        bench.acknowledge()
        bench.pass(1)
        #expect(bench.calls.isEmpty, "nothing is sent before the intent was acknowledged")
        let commit = try #require(bench.commit?.first)
        #expect(commit.offset == 0, "unsettled events hold the watermark")
        bench.acknowledge()
        let call = try #require(bench.calls.first)
        #expect(bench.calls.count == 1)
        #expect(call.kind == .update)
        #expect(call.batch.cut == 1)
        let entry = try #require(bench.ledger().entries.first)
        #expect(entry.dataset == call.batch.dataset)
        #expect(entry.inFlight?.cut == 1)
        #expect(entry.inFlight?.eventCount == 2)
        #expect(entry.inFlight?.firstSent == 1_795_000_000)
        bench.answer()
        #expect(bench.commit == nil, "settled state may wait for company")
        bench.pass(200)
        bench.acknowledge()
        #expect(try bench.ledger() == Ledger(era: 1_795_000_000_000, offset: 2, floor: 1, entries: []))
        #expect(bench.machine.counters.eventsSettled == 2)
    }

    @Test func bytesAndLinesCloseABatchBeforeItsTime() throws {
        let bench = Bench(Bench.settings { $0.batchLines = 3 })
        bench.assign(0)
        bench.acknowledge()
        bench.publish((0..<7).map { SampleEvent("p", "\($0)") })
        bench.acknowledge()
        #expect(bench.calls.first?.batch.eventCount == 3)
        bench.answer()
        bench.acknowledge()
        #expect(bench.calls.first?.batch.eventCount == 3)
        bench.answer()
        #expect(bench.calls.isEmpty)
        bench.pass(100)
        bench.acknowledge()
        #expect(bench.calls.first?.batch.eventCount == 1, "the rest goes by its age")

        let size = SampleEvent("p", "0").line.utf8.count
        let bytes = Bench(Bench.settings { $0.batchBytes = 2 * size + 2 })
        bytes.assign(0)
        bytes.acknowledge()
        bytes.publish((0..<3).map { SampleEvent("p", "\($0)") })
        bytes.acknowledge()
        let call = try #require(bytes.calls.first)
        #expect(call.batch.eventCount == 2)
        #expect(call.batch.payloadByteCount(of: call.piece) <= 2 * size + 2)
    }

    @Test func whileACallIsInFlightTheNextBatchGrows() throws {
        let bench = Bench()
        bench.assign(0)
        bench.acknowledge()
        bench.publish([SampleEvent("p", "a")])
        bench.pass(100)
        bench.acknowledge()
        for number in 0..<50 {
            bench.publish([SampleEvent("p", "b\(number)")])
            bench.run(100)
            if bench.commit != nil { bench.acknowledge() }
            #expect(bench.calls.count == 1, "a lane has one call at a time")
        }
        bench.answer()
        bench.acknowledge()
        #expect(bench.calls.first?.batch.eventCount == 50)
        #expect(bench.calls.first?.batch.firstOffset == 1)
    }

    @Test func oneCommitCarriesAllIntents() throws {
        let bench = Bench()
        bench.assign(0, 1)
        bench.acknowledge()
        for number in 0..<5 {
            bench.publish([SampleEvent("p\(number)", "a")], partition: 0)
            bench.publish([SampleEvent("q\(number)", "a")], partition: 1)
        }
        bench.pass(100)
        let commit = try #require(bench.commit)
        #expect(commit.map(\.partition) == [0, 1])
        bench.acknowledge()
        #expect(bench.calls.count == 10)
        #expect(try bench.ledger(0).entries.count == 5)
        #expect(try bench.ledger(1).entries.count == 5)
    }

    @Test func concurrencyIsKeptAndNobodyStarves() {
        let bench = Bench(Bench.settings { $0.concurrency = 3 })
        bench.assign(0)
        bench.acknowledge()
        var settled: Set<String> = []
        for number in 0..<20 { bench.publish([SampleEvent("p\(number)", "a")]) }
        bench.settleEverything { call in
            #expect(bench.calls.count <= 3)
            settled.insert(call.batch.dataset.project)
            return .completed
        }
        #expect(settled.count == 20)
    }

    @Test func aDatasetOfTwoPartitionsHasOneCallAtATime() {
        let bench = Bench()
        bench.assign(0, 1)
        bench.acknowledge()
        bench.publish([SampleEvent("p", "a", "first")], partition: 0)
        bench.publish([SampleEvent("p", "a", "second")], partition: 1)
        bench.pass(100)
        bench.acknowledge()
        #expect(bench.calls.count == 1)
        bench.answer()
        bench.acknowledge()
        #expect(bench.calls.count == 1)
        #expect(bench.everyCall.map(\.batch.partition).sorted() == [0, 1])
        bench.settleEverything()
        #expect(bench.committed[0]?.offset == 1 && bench.committed[1]?.offset == 1)
    }

    @Test func droppedHolderLetsTheOtherPartitionGo() {
        let bench = Bench()
        bench.assign(0, 1)
        bench.acknowledge()
        bench.publish([SampleEvent("p", "a")], partition: 0)
        bench.pass(100)
        bench.acknowledge()
        bench.publish([SampleEvent("p", "b")], partition: 1)
        bench.pass(100)
        #expect(bench.calls.count == 1)
        bench.machine.lose([0])
        bench.turn()
        bench.acknowledge()
        #expect(bench.calls.count == 2)
        #expect(bench.calls.last?.batch.partition == 1)
    }

    @Test func theSameEventsMakeTheSameTokenInEveryProcess() throws {
        let first = Bench()
        first.assign(0)
        first.acknowledge()
        let committed = first.committed[0]
        var tokens: Set<String> = []
        for seed in 0..<3 {
            let bench = Bench()
            bench.machine = Settlement(settings: bench.settings, seed: UInt64(seed))
            // One ledger that says when it all began, and clocks that have moved on since.
            bench.committed[0] = committed
            bench.now.wall += Int64(seed) * 1_000_000
            bench.assign(0)
            for number in 0..<40 { bench.publish([SampleEvent("p", "\(number % 7)", "\(number)")]) }
            bench.pass(100)
            bench.acknowledge()
            tokens.insert(bench.token(try #require(bench.calls.first)))
        }
        #expect(tokens.count == 1)
    }
}
