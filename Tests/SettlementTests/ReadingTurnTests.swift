import Labelling
import Testing

@testable import Settlement

/// Reading one partition after the other while lanes are many and memory is short.
@Suite struct ReadingTurnTests {
    static let datasets = 20

    func bench(
        partitions: Int32 = 3, memory: Int = 1_600_000, _ change: (inout Settings) -> Void = { _ in }
    ) -> Bench {
        let bench = Bench(
            Bench.settings {
                $0.memoryBytes = memory
                $0.linger = .seconds(1)
                $0.concurrency = 100
                change(&$0)
            })
        for partition in 0..<partitions {
            bench.assign(partition)
            bench.machine.learnLogEnd(partition: partition, 100_000)
        }
        while bench.commit != nil { bench.acknowledge() }
        return bench
    }

    /// Each partition has datasets of its own, and its log goes around among them.
    func read(_ count: Int, of partition: Int32, on bench: Bench) {
        let start = bench.logEnd(partition)
        bench.publishSilently(
            (start..<(start + count)).map {
                .event(SampleEvent("\(partition)-\($0 % Self.datasets)", "\($0)-" + String(repeating: "x", count: 200)))
            }, partition: partition)
    }

    /// Reads side by side until somebody is paused.
    /// - Returns: who is read on.
    func crowd(_ bench: Bench, partitions: Range<Int32> = 0..<3) throws -> Int32 {
        var rounds = 0
        while bench.paused.isEmpty, rounds < 1000 {
            for partition in partitions { read(3, of: partition, on: bench) }
            bench.pass(1)
            rounds += 1
        }
        #expect(bench.calls.isEmpty && bench.commit == nil, "nobody has gone out early")
        let readers = partitions.filter { !bench.paused.contains($0) }
        #expect(readers.count == 1)
        return try #require(readers.first)
    }

    private func held(_ bench: Bench, _ partition: Int32) -> Int { bench.machine.partitions[partition]?.heldBytes ?? 0 }

    @Test func oneIsReadWhileTheOthersWait() throws {
        let bench = bench()
        let reader = try crowd(bench)
        let total = (0..<3).reduce(0) { $0 + held(bench, $1) }
        #expect(total > 100_000 && total < 250_000, "a sixteenth of the budget, and what lanes take to grow")
        // It goes on to the half of the budget before anything goes out, and lanes are the larger for it.
        while bench.calls.isEmpty, bench.logEnd(reader) < 10_000 {
            read(Self.datasets, of: reader, on: bench)
            bench.pass(1)
            if bench.commit != nil { bench.acknowledge() }
        }
        let first = try #require(bench.calls.first)
        #expect(first.batch.partition == reader)
        #expect(first.batch.eventCount >= 40, "side by side it would have been a third")
    }

    /// Whoever gets the turn has waited longest, and what its predecessor holds goes out and makes it room.
    @Test func theTurnPassesAtTheEndOfThePartition() throws {
        let bench = bench()
        var order: [Int32] = [try crowd(bench)]
        for _ in 0..<2 {
            let reader = try #require(order.last)
            read(40, of: reader, on: bench)
            try finish(reader, on: bench)
            let next = try #require((0..<3).first { !bench.paused.contains($0) && !order.contains($0) })
            order.append(next)
            bench.acknowledge()
            #expect(bench.calls.suffix(Self.datasets).allSatisfy { $0.batch.partition == reader })
            #expect(bench.calls.count == (order.count - 1) * Self.datasets)
            // (They stay: what is answered would make all this room for everybody.)
        }
        #expect(Set(order).count == 3)
        // The last one has its turn too, though nobody waits for it: its lanes go out together, as the others' did.
        let last = try #require(order.last)
        read(40, of: last, on: bench)
        bench.run(1)
        #expect(bench.machine.turn?.partition == last)
        #expect(!bench.calls.contains { $0.batch.partition == last })
        try finish(last, on: bench)
        bench.acknowledge()
        #expect(bench.calls.suffix(Self.datasets).allSatisfy { $0.batch.partition == last })
        bench.settleEverything()
        #expect(bench.machine.counters.eventsSettled == (0..<3).reduce(0) { $0 + bench.logEnd($1) })
        #expect(bench.paused.isEmpty)
        bench.expectNothingTwice()
    }

    /// The partition's log is shorter than it seemed; it ends here.
    private func finish(_ partition: Int32, on bench: Bench) throws {
        let finished = try #require(bench.machine.partitions[partition])
        finished.logEnd = finished.position
        bench.machine.reachedEnd(partition: partition, offset: finished.position)
        bench.turn()
        bench.run(1)
    }

    @Test func theLastOnesTurnEndsWhenSomebodyFallsBehind() throws {
        let bench = bench(partitions: 2)
        let first = try crowd(bench, partitions: 0..<2)
        let last = 1 - first
        bench.run(10)
        try finish(first, on: bench)
        #expect(bench.machine.turn?.partition == last && bench.machine.turn?.isAlone == true)
        read(40, of: last, on: bench)
        bench.run(1)
        #expect(bench.machine.turn?.partition == last && !bench.paused.contains(last))
        bench.machine.learnLogEnd(partition: first, 200_000)
        bench.turn()
        #expect(bench.machine.turn?.partition == first && bench.machine.turn?.isAlone == false)
        #expect(bench.paused.contains(last) && !bench.paused.contains(first))
    }

    /// What the one before holds may have to go out first. Whose turn it is waits for that, and does not send meanwhile what it
    /// holds of each lane.
    @Test func theTurnIsWaitedForUntilThereIsRoom() throws {
        let bench = bench(partitions: 6)
        for partition in bench.machine.partitions.all where partition.number > 1 { partition.logEnd = 0 }
        for partition: Int32 in 0..<2 { read(Self.datasets, of: partition, on: bench) }
        bench.run(600)
        while bench.commit != nil { bench.acknowledge() }
        let reader = try crowd(bench, partitions: 0..<2)
        while held(bench, reader) < 920_000 { read(Self.datasets, of: reader, on: bench) }
        try finish(reader, on: bench)
        let next = try #require(bench.machine.turn?.partition)
        #expect(next != reader && bench.paused.contains(next))
        for _ in 0..<15 {
            while bench.commit != nil { bench.acknowledge() }
            bench.run(100)
        }
        #expect(bench.calls.count == Self.datasets && bench.calls.allSatisfy { $0.batch.partition == reader })
        #expect(bench.machine.turn?.partition == next && bench.paused.contains(next))
        while let call = bench.calls.first { bench.answer(call) }
        bench.run(1)
        #expect(!bench.paused.contains(next))
        bench.run(150)
        #expect(bench.calls.isEmpty, "it lingers from when it could be read")
        bench.run(500)
        #expect(bench.machine.turn?.partition == next, "reading begins again, which takes a while")
    }

    @Test func aPartitionThatDeliversNothingIsNotWaitedFor() throws {
        let bench = bench()
        let reader = try crowd(bench)
        bench.run(160)
        #expect(!bench.paused.contains(reader) && bench.paused.count == 2)
        bench.run(80)
        #expect(bench.paused.contains(reader) && bench.paused.count == 2)
        let next = try #require((0..<3).first { !bench.paused.contains($0) })
        // For as long as records come it is its turn.
        for _ in 0..<20 {
            read(1, of: next, on: bench)
            bench.run(100)
        }
        #expect(!bench.paused.contains(next) && bench.paused.contains(reader))
    }

    /// As many bytes as the budget has are a turn, however much there is to come.
    @Test func aTurnHasAnEnd() throws {
        let bench = bench()
        let reader = try crowd(bench)
        let before = bench.machine.partitions[reader]?.receivedBytes ?? 0
        while bench.machine.turn?.partition == reader, bench.logEnd(reader) < 20_000 {
            read(Self.datasets, of: reader, on: bench)
            bench.pass(1)
            for _ in 0..<5 where bench.commit != nil { bench.acknowledge() }
            while let call = bench.calls.first { bench.answer(call) }
        }
        let bytes = (bench.machine.partitions[reader]?.receivedBytes ?? 0) - before
        #expect(bytes >= 1_600_000, "again and again while there is no room for anybody else")
        #expect(bench.machine.turn.map { $0.partition != reader } == true)
    }

    /// While there are calls to be made nobody goes out early, however much it holds: what is read meanwhile makes batches
    /// larger.
    @Test(arguments: [64 << 10, 30_000]) func nobodyIsHastenedBehindAQueue(worthwhileBytes: Int) throws {
        let bench = bench {
            $0.concurrency = 1
            $0.worthwhileBytes = worthwhileBytes
        }
        let reader = try crowd(bench)
        try finish(reader, on: bench)
        #expect(bench.machine.turn?.partition != reader, "its lanes stand in the queue")
        let next = try #require(bench.machine.turn?.partition)
        let queue = bench.machine.lanesToCut.count
        #expect(queue > 4)
        var mostWaiting = 0
        while !bench.paused.contains(next), bench.logEnd(next) < 10_000 {
            read(Self.datasets * 5, of: next, on: bench)
            bench.pass(20)
            mostWaiting = max(mostWaiting, bench.machine.crowd?.bytes ?? 0)
        }
        #expect(bench.paused.contains(next), "there is no room left")
        #expect(mostWaiting > 900_000, "more than what hastens lanes where no calls are to be made")
        bench.run(100)
        #expect(bench.machine.lanesToCut.count == queue)
        // Once the queue gets short its turn goes on, and if there is no room even then its largest lanes go out.
        bench.settleEverything()
        #expect(bench.machine.counters.eventsSettled == (0..<3).reduce(0) { $0 + bench.logEnd($1) })
        bench.expectNothingTwice()
    }

    /// What waits for its partition's turn waits longer than the linger, and not for ever.
    @Test func nobodyWaitsForTheTurnForEver() throws {
        let bench = bench()
        let reader = try crowd(bench)
        let start = bench.now.monotonic
        let longest = 1_000_000_000 + ReadingTurn.longestWait
        var settled: [Int32: Int64] = [:]
        // A reader whose log never ends keeps its turn for as long as it gets new records.
        while bench.now.monotonic < start + longest + 500_000_000 {
            read(1, of: reader, on: bench)
            bench.pass(100)
            for _ in 0..<5 where bench.commit != nil { bench.acknowledge() }
            while let call = bench.calls.first {
                let partition = call.batch.partition
                settled[partition] = settled[partition] ?? bench.now.monotonic - start
                bench.answer(call)
            }
        }
        for partition: Int32 in 0..<3 where partition != reader {
            let waited = try #require(settled[partition])
            #expect(waited > 1_000_000_000 && waited <= longest + 200_000_000)
        }
    }

    /// Where memory holds enough of each lane for batches to be worth their calls, partitions are read side by side, however
    /// little it holds now.
    @Test(arguments: [(memory: 1_600_000, worthwhile: 1000, atATime: 3), (8_000_000, 64 << 10, 12)])
    func fewLanesTakeNoTurns(memory: Int, worthwhile: Int, atATime: Int) {
        let bench = bench(memory: memory) { $0.worthwhileBytes = worthwhile }
        for _ in 0..<200 {
            for partition: Int32 in 0..<3 { read(atATime, of: partition, on: bench) }
            bench.pass(1)
            for _ in 0..<5 where bench.commit != nil { bench.acknowledge() }
            while let call = bench.calls.first { bench.answer(call) }
            #expect(bench.paused.isEmpty)
        }
        #expect(bench.machine.crowd != nil, "more than a sixteenth of the budget was held")
        bench.settleEverything()
        #expect(bench.machine.counters.eventsSettled == 200 * 3 * atATime)
    }

    /// A round waits for lanes to come to its end, and those of a paused partition get no more company.
    @Test func aRoundInAPausedPartitionGoesOut() throws {
        let bench = bench(partitions: 2, memory: 1_200_000) { $0.ledgerCharacters = 400 }
        let reader = try crowd(bench, partitions: 0..<2)
        // The ledger gets tight while its lanes go out one by one, each at another offset.
        var steps = 0
        while bench.machine.partitions[reader]?.room.round == nil, steps < 400 {
            read(7, of: reader, on: bench)
            bench.pass(1)
            if bench.commit != nil { bench.acknowledge() }
            if let call = bench.calls.first { bench.answer(call) }
            steps += 1
        }
        let round = try #require(bench.machine.partitions[reader]?.room.round)
        // Full, with calls that take their time: it is paused, and does not keep the round open.
        while !bench.paused.contains(reader), steps < 2000 {
            read(Self.datasets, of: reader, on: bench)
            bench.pass(1)
            if bench.commit != nil { bench.acknowledge() }
            steps += 1
        }
        #expect(bench.paused.contains(reader))
        let start = bench.now.monotonic
        for _ in 0..<200 {
            for _ in 0..<5 where bench.commit != nil { bench.acknowledge() }
            guard let call = bench.calls.first else { break }
            bench.answer(call)
            bench.pass(1)
        }
        #expect(bench.machine.partitions[reader]?.watermark ?? 0 > round)
        #expect(bench.now.monotonic - start < 500_000_000)
        bench.settleEverything(steps: 5000)
        bench.expectNothingTwice()
    }
}
