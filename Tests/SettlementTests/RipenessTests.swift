import Labelling
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

    /// Above a quarter of the budget; a half would pause the partition.
    @Test func whoeverHoldsMostGoesOutFirstWhileMemoryIsShort() throws {
        let bench = Bench(
            Bench.settings {
                $0.memoryBytes = 40_000
                $0.linger = .seconds(60)
            })
        bench.assign(0)
        bench.acknowledge()
        bench.publish([SampleEvent("small", "a")])
        var count = 0
        while bench.commit == nil, count < 1000 {
            #expect(bench.machine.partitions[0]?.heldBytes ?? .max <= 10_000 + 200)
            bench.publish([SampleEvent("large", "\(count)")])
            count += 1
        }
        bench.acknowledge()
        #expect(bench.machine.partitions[0]?.heldBytes ?? 0 > 10_000)
        #expect(bench.paused.isEmpty)
        let call = try #require(bench.calls.first)
        #expect(bench.calls.count == 1 && call.batch.dataset.project == "large", "the other one waits for company")
    }
}
