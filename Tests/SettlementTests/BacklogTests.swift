import Labelling
import Testing

@testable import Settlement

/// Many small lanes over several partitions: what is behind is read by turns, and nothing else is.
@Suite struct BacklogTests {
    private func settings(memory: Int, linger: Duration = .seconds(1)) -> Settings {
        Bench.settings {
            $0.memoryBytes = memory
            $0.linger = linger
            $0.concurrency = 16
        }
    }

    /// However many lanes there are, and however much they hold.
    @Test func aSteadyFlowIsReadSideBySide() {
        let stream = LogStream(settings(memory: 16 << 20, linger: .seconds(2)), partitions: 12)
        var count = 0
        var denseSteps = 0
        stream.run(
            7000,
            write: { _ in
                if stream.bench.machine.crowd?.isDense(below: 64 << 10) == true { denseSteps += 1 }
                for _ in 0..<10 {
                    stream.write(count % 2000, to: count % 12)
                    count += 1
                }
            })
        #expect(denseSteps > 100)
        #expect(stream.pauses == 0)
        #expect(zip(stream.read, stream.logs).allSatisfy { $0 == $1.count })
        #expect(stream.latencies.max() ?? .max < 5000, "they begin together, and 16 calls of 15 ms are made at a time")
    }

    /// What has been read to its end is read on while others are behind, whether it was paused meanwhile or not.
    @Test func whoeverIsNotBehindIsReadAllTheTime() {
        let stream = LogStream(settings(memory: 4 << 20), partitions: 4)
        for partition in 0..<4 {
            for number in 0..<(partition == 0 ? 12_000 : 40_000) {
                stream.write(partition + 4 * (number % 300), to: partition)
            }
        }
        var written = 0
        let isOver = { stream.read[1...].allSatisfy { $0 >= 40_000 } }
        let trickle = { (elapsed: Int64) in
            if stream.read[0] >= 12_000, elapsed % 500 == 0 {
                if written > 0 { #expect(stream.logs[0].count - stream.read[0] <= 6, "three seconds' worth") }
                stream.write(4 * (written % 300), to: 0)
                written += 1
            }
        }
        stream.run(60_000, until: isOver, write: trickle)
        #expect(stream.pauses > 3 && written > 4)
        #expect(stream.read[1...].allSatisfy { $0 >= 40_000 })
    }

    /// A partition that has caught up and trickles has no turn any more.
    @Test func aTrickleKeepsNobodyWaiting() {
        let stream = LogStream(settings(memory: 4 << 20), partitions: 4)
        for partition in 0..<4 {
            for number in 0..<10_000 { stream.write(partition + 4 * (number % 300), to: partition) }
        }
        var number = 0
        let isOver = { stream.read.allSatisfy { $0 >= 10_000 } }
        let trickle = { (elapsed: Int64) in
            guard elapsed % 10 == 0 else { return }
            for partition in 0..<4 { stream.write(partition + 4 * (number % 300), to: partition) }
            number += 1
        }
        stream.run(20_000, until: isOver, write: trickle)
        #expect(stream.pauses > 0)
        #expect(number < 600, "within six seconds")
        #expect(stream.latencies.max() ?? .max < 7000)
    }

    /// Reading by turns makes fewer calls for the same events.
    @Test func turnsMakeLargerBatches() {
        func calls(worthwhile: Int) -> Int {
            var settings = settings(memory: 4 << 20)
            settings.worthwhileBytes = worthwhile
            let stream = LogStream(settings, partitions: 6)
            for partition in 0..<6 {
                for number in 0..<20_000 { stream.write(partition + 6 * (number % 300), to: partition) }
            }
            stream.run(60_000, until: { stream.bench.machine.counters.eventsSettled == 120_000 })
            #expect(stream.bench.machine.counters.eventsSettled == 120_000)
            stream.bench.expectNothingTwice()
            return stream.bench.everyCall.count
        }
        let (byTurns, sideBySide) = (calls(worthwhile: 64 << 10), calls(worthwhile: 0))
        #expect(byTurns * 3 < sideBySide * 2, "\(byTurns) instead of \(sideBySide)")
    }

    /// Paused for want of memory, and not for a turn: nobody waits longer for that.
    @Test func aPausedPartitionsLanesRipenAsEver() {
        let bench = Bench(
            Bench.settings {
                $0.memoryBytes = 4 << 20
                $0.linger = .seconds(1)
                $0.batchLines = 2000
            })
        bench.assign(0)
        bench.acknowledge()
        bench.publishSilently([.event(SampleEvent("quiet", "a"))], partition: 0)
        while bench.paused.isEmpty, bench.logEnd(0) < 30_000 {
            let start = bench.logEnd(0)
            bench.publishSilently(
                (0..<500).map { .event(SampleEvent("hot", "\(start + $0)-" + String(repeating: "x", count: 250))) },
                partition: 0)
            bench.pass(5)
            if bench.commit != nil { bench.acknowledge() }
        }
        #expect(bench.paused == [0] && bench.calls.map(\.batch.dataset.project) == ["hot"])
        for _ in 0..<10 {
            bench.pass(100)
            if bench.commit != nil { bench.acknowledge() }
        }
        #expect(bench.calls.contains { $0.batch.dataset.project == "quiet" })
    }
}
