import Labelling
import LookoutVision
import Settlement
import Testing

/// What is said of a partition that does not get on.
@Suite struct WatchTests {
    private func stalls(_ bench: Bench) -> [Holdup] {
        bench.notices.compactMap { if case .stalled(let holdup) = $0 { holdup } else { nil } }
    }

    /// The machine is called about once a second while it has nothing due.
    private func tick(_ bench: Bench, seconds: Int) {
        for _ in 0..<seconds { bench.run(1000) }
    }

    @Test func aCallThatIsNeverAnsweredIsReportedAgainAndAgain() {
        let bench = Bench(Bench.settings { $0.stallAfter = .seconds(60) })
        bench.assign(0)
        bench.acknowledge()
        bench.publish([SampleEvent("quick", "a"), SampleEvent("stuck", "b"), SampleEvent("quick", "c")])
        bench.pass(100)
        bench.acknowledge()
        for call in bench.calls where call.batch.dataset.project == "quick" { bench.answer(call) }
        bench.run(200)
        bench.acknowledge()
        tick(bench, seconds: 58)
        #expect(stalls(bench).isEmpty)
        tick(bench, seconds: 4)
        #expect(stalls(bench).count == 1)
        tick(bench, seconds: 60)
        #expect(stalls(bench).count == 2)
        #expect(stalls(bench)[0].dataset == DatasetKey(project: "stuck", type: .train))
        #expect(stalls(bench)[0].offset == 1)
        #expect(stalls(bench)[0].why == .calling)
        #expect(stalls(bench)[1].lasts >= .seconds(120))
        #expect(bench.machine.holdups(now: bench.now).map(\.offset) == [1])
    }

    @Test func aPartitionAtItsEndIsNotReported() {
        let bench = Bench(Bench.settings { $0.stallAfter = .seconds(60) })
        bench.assign(0)
        bench.publish([SampleEvent("quick", "a")])
        bench.settleEverything()
        tick(bench, seconds: 300)
        #expect(stalls(bench).isEmpty)
        #expect(bench.machine.holdups(now: bench.now).isEmpty)
        // The time at the end does not count: what comes now has its whole patience before it.
        bench.publish([SampleEvent("quick", "b")])
        tick(bench, seconds: 30)
        #expect(stalls(bench).isEmpty)
    }

    @Test func theReasonIsTheLanesOwn() throws {
        let bench = Bench()
        bench.assign(0)
        bench.acknowledge()
        bench.publish([SampleEvent("p", "a")])
        #expect(bench.machine.holdups(now: bench.now).map(\.why) == [.gathering])
        bench.run(200)
        #expect(bench.machine.holdups(now: bench.now).map(\.why) == [.waitingForCommit])
        bench.acknowledge()
        #expect(bench.machine.holdups(now: bench.now).map(\.why) == [.calling])
        bench.answer(nil, .exception(APIException(.resourceNotFound, "no such project")))
        #expect(bench.machine.holdups(now: bench.now).map(\.why) == [.waiting(.datasetMissing)])
        bench.restart()
        bench.assign(0)
        #expect(bench.machine.holdups(now: bench.now).map(\.why) == [.readingUpTo(0)])
        bench.publish(.rejection, partition: 1)
        #expect(bench.machine.holdups(now: bench.now).count == 1, "a partition that is not ours")
    }
}
