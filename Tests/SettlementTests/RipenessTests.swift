import Labelling
import LookoutVision
import Testing

@testable import Settlement

/// When a lane's events no longer wait for company.
@Suite struct RipenessTests {
    @Test func atTheEndOfTheLogNobodyLingersWhereThatIsAll() {
        for lingers in [true, false] {
            let bench = Bench(Bench.settings { $0.lingersAtEnd = lingers })
            bench.assign(0)
            bench.acknowledge()
            bench.publish([SampleEvent("p", "a"), SampleEvent("q", "a"), SampleEvent("p", "b")])
            #expect(bench.commit == nil, "more may come")
            bench.machine.reachedEnd(partition: 0, offset: 3)
            bench.turn()
            #expect((bench.commit == nil) == lingers)
            if lingers { bench.pass(100) }
            bench.acknowledge()
            #expect(bench.calls.map(\.batch.eventCount).sorted() == [1, 2])
        }
    }

    @Test func whoeverIsFullWaitsForNobody() {
        let bench = Bench(
            Bench.settings {
                $0.linger = .seconds(600)
                $0.batchLines = 3
            })
        bench.assign(0)
        bench.acknowledge()
        bench.publish([SampleEvent("p", "a"), SampleEvent("q", "a"), SampleEvent("p", "b")])
        #expect(bench.commit == nil)
        bench.publish([SampleEvent("p", "c")])
        #expect(bench.commit != nil, "it is the third one, and no other need come")
        bench.acknowledge()
        #expect(bench.calls.map(\.batch.eventCount) == [3])
    }

    @Test func whatComesAfterTheEndLingersAgain() {
        let bench = Bench(Bench.settings { $0.lingersAtEnd = false })
        bench.assign(0)
        bench.acknowledge()
        bench.machine.reachedEnd(partition: 0, offset: 0)
        bench.publish([SampleEvent("p", "a"), SampleEvent("p", "b")])
        #expect(bench.commit == nil)
        bench.machine.reachedEnd(partition: 0, offset: 2)
        bench.turn()
        bench.acknowledge()
        #expect(bench.calls.first?.batch.eventCount == 2)
    }

    /// Above a quarter of the budget; five eighths would pause the partition.
    @Test func whoeverHoldsMostGoesOutFirstWhileMemoryIsShort() throws {
        let bench = Bench(
            Bench.settings {
                $0.memoryBytes = 400_000
                $0.worthwhileBytes = 0
                $0.linger = .seconds(600)
            })
        bench.assign(0)
        bench.acknowledge()
        bench.publish([SampleEvent("small", "a")])
        var count = 0
        while bench.commit == nil, count < 2000 {
            #expect(bench.machine.partitions[0]?.heldBytes ?? .max <= 100_000)
            bench.publish([SampleEvent("large", "\(count)")])
            // It is looked at every 20 ms.
            bench.pass(20)
            bench.turn()
            count += 1
        }
        bench.acknowledge()
        #expect(bench.machine.partitions[0]?.heldBytes ?? 0 > 100_000)
        #expect(bench.paused.isEmpty)
        let call = try #require(bench.calls.first)
        #expect(bench.calls.count == 1 && call.batch.dataset.project == "large", "the other one waits for company")
    }

    /// What waits for company would fill the memory up to where a paused partition is not read on, and makes no room by
    /// itself: then it goes out, many lanes or not.
    @Test func nobodyLingersWhileAPartitionIsPausedAndNothingIsUnderWay() throws {
        let bench = Bench(
            Bench.settings {
                $0.memoryBytes = 1_600_000
                $0.linger = .seconds(600)
            })
        bench.assign(0)
        bench.acknowledge()
        bench.load((0..<5).map { SampleEvent("large", "\($0)-" + String(repeating: "x", count: 20_000)) })
        bench.pass(600_000)
        bench.acknowledge()
        let large = try #require(bench.calls.first)
        var count = 0
        while bench.paused.isEmpty, count < 10_000 {
            bench.load(
                (0..<20).map {
                    SampleEvent("small-\((count + $0) % 61)", "\(count + $0)-" + String(repeating: "x", count: 200))
                })
            count += 20
            bench.pass(1)
        }
        #expect(bench.paused == [0] && bench.calls.map(\.id) == [large.id], "all others wait for company")
        // Its room is not enough to go on with, and more is not to come.
        bench.answer()
        bench.play(forAtMost: 10, until: bench.paused.isEmpty)
        #expect(bench.paused.isEmpty)
        bench.settleEverything()
        bench.expectNothingTwice()
    }

    /// Datasets that have nothing to send lower nobody's share, and neither does what is on its way.
    @Test func onlyLanesThatWaitAreCounted() throws {
        let bench = Bench(
            Bench.settings {
                $0.memoryBytes = 400_000
                $0.worthwhileBytes = 0
                $0.linger = .seconds(600)
                $0.concurrency = 100
            })
        bench.assign(0)
        bench.acknowledge()
        // These stay in the ledger, since the first one is not answered.
        bench.publish((0..<40).map { SampleEvent("settled-\($0)", "a") })
        bench.pass(600_000)
        bench.acknowledge()
        let blocker = try #require(bench.calls.first { $0.batch.firstOffset == 0 })
        for call in bench.calls where call.id != blocker.id { bench.answer(call) }
        #expect(bench.calls.map(\.id) == [blocker.id] && bench.commit == nil)

        // The first to be looked at once memory is short is the one that holds less.
        var count = 0
        while bench.calls.count == 1, count < 1000 {
            bench.publish([SampleEvent("middling", "\(count)")])
            bench.publishSilently((0..<4).map { .event(SampleEvent("large", "\(count)-\($0)")) }, partition: 0)
            bench.pass(20)
            bench.turn()
            if bench.commit != nil { bench.acknowledge() }
            count += 1
        }
        #expect(bench.calls.map(\.batch.dataset.project) == [blocker.batch.dataset.project, "large"])
    }

    /// No lane waits longer than the linger, none much shorter, and each as long wherever it is met.
    @Test(arguments: [0, 1, 9, 1_000_000_000, 3_600_000_000_000, .max])
    func aLaneWaitsSevenEighthsOfTheLingerAtLeast(longest: Int64) {
        let board = DatasetKey(project: "board", type: .train)
        for digest in [LaneDigest(value: 0), LaneDigest(board), LaneDigest(value: .max)] {
            let lane = Lane(number: 0, dataset: board, digest: digest, settled: -1)
            #expect((longest - longest / 8...longest).contains(lane.linger(atMost: longest)))
        }
    }

    @Test func whatCameTogetherDoesNotGoOutTogether() {
        let bench = Bench(
            Bench.settings {
                $0.linger = .seconds(1)
                $0.concurrency = 100
            })
        bench.assign(0)
        bench.acknowledge()
        let boards = (0..<40).map { "board-\($0)" }
        bench.load(boards.map { SampleEvent($0, "first") })
        let first = bench.cuts(forMilliseconds: 1000)
        #expect(first.count == 40, "nobody waits longer than the linger")
        #expect(first.allSatisfy { $0 >= 875 })
        #expect(most(of: first, within: 25) <= 20)

        // They go on at speeds of their own.
        _ = bench.cuts(forMilliseconds: 20_000, publishing: boards)
        let later = bench.cuts(forMilliseconds: 1000, publishing: boards)
        #expect((40...50).contains(later.count))
        #expect(most(of: later, within: 125) <= 20)
    }

    /// How many of the times, which rise, lie within the same so many milliseconds at most.
    private func most(of times: [Int], within span: Int) -> Int {
        times.indices.map { first in times[first...].prefix { $0 < times[first] + span }.count }.max() ?? 0
    }

    @Test func whatIsReadOnAtTheEndIsNoRecord() {
        let bench = Bench(Bench.settings { $0.lingersAtEnd = false })
        bench.assign(0)
        bench.acknowledge()
        for _ in 0..<3 { bench.machine.reachedEnd(partition: 0, offset: 0) }
        #expect(bench.machine.partitions[0]?.isDirty == false)
        // Control records of a transaction.
        bench.machine.reachedEnd(partition: 0, offset: 2)
        #expect(bench.machine.partitions[0]?.position == 2)
        bench.machine.reachedEnd(partition: 0, offset: 1)
        #expect(bench.machine.partitions[0]?.position == 2)
    }
}

extension Bench {
    /// Lets time pass, with an event for every project every 20 ms, and answers everything at once.
    /// - Returns: the milliseconds after which batches were cut.
    fileprivate func cuts(forMilliseconds end: Int, publishing projects: [String] = []) -> [Int] {
        var cuts: [Int] = []
        for millisecond in 1...end {
            if millisecond.isMultiple(of: 20) { load(projects.map { SampleEvent($0, "next") }) }
            pass(1)
            while commit != nil || !calls.isEmpty {
                if commit != nil { acknowledge() }
                cuts += calls.map { _ in millisecond }
                for call in calls { answer(call) }
            }
        }
        return cuts
    }
}
