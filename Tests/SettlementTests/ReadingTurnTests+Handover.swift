import Testing

@testable import Settlement

/// The end of a turn: the next one begins a little before, and what was read goes out first.
extension ReadingTurnTests {
    /// - Returns: with who is read, for 150 ms by now, and of whom 300 records are still to come.
    private func nearTheEnd(_ change: (inout Settings) -> Void = { _ in }) throws -> (Bench, Int32) {
        let bench = bench {
            $0.backlogRecords = 10
            $0.handoverRecords = 100
            change(&$0)
        }
        let reader = try crowd(bench)
        let partition = try #require(bench.machine.partitions[reader])
        partition.logEnd = partition.position + 300
        bench.run(150)
        return (bench, reader)
    }

    /// All of the 300 records come but the last 100, which is when the turn is handed over.
    /// - Returns: whose turn it is now.
    private func handOver(from reader: Int32, on bench: Bench) throws -> Int32 {
        read(200, of: reader, on: bench)
        bench.turn()
        #expect(bench.machine.endingTurn?.partition == reader)
        return try #require(bench.machine.turn?.partition)
    }

    /// The last 100 records come.
    private func readTheRest(of reader: Int32, on bench: Bench) {
        read(100, of: reader, on: bench)
        bench.turn()
    }

    /// Its lanes are sent all together nevertheless, once the last of them has come.
    @Test func theNextTurnBeginsBeforeTheLastIsOver() throws {
        let (bench, reader) = try nearTheEnd()
        read(199, of: reader, on: bench)
        bench.turn()
        #expect(bench.machine.turn?.partition == reader && bench.machine.endingTurn == nil)
        read(1, of: reader, on: bench)
        bench.turn()
        let next = try #require(bench.machine.turn?.partition)
        #expect(next != reader && bench.machine.endingTurn?.partition == reader)
        #expect(!bench.paused.contains(next) && !bench.paused.contains(reader) && bench.paused.count == 1)
        // More has been written since: that is for its next turn.
        bench.machine.learnLogEnd(partition: reader, 200_000)
        read(50, of: next, on: bench)
        read(99, of: reader, on: bench)
        bench.run(1)
        #expect(bench.machine.endingTurn?.partition == reader && bench.commit == nil)
        read(1, of: reader, on: bench)
        bench.turn()
        bench.run(1)
        #expect(bench.machine.endingTurn == nil && bench.machine.turn?.partition == next)
        #expect(bench.paused.contains(reader) && !bench.paused.contains(next))
        bench.acknowledge()
        #expect(bench.calls.count == Self.datasets && bench.calls.allSatisfy { $0.batch.partition == reader })
        bench.settleEverything()
        bench.expectNothingTwice()
    }

    @Test func whoComesToNothingIsNotWaitedForAtTheEndEither() throws {
        let (bench, reader) = try nearTheEnd()
        let next = try handOver(from: reader, on: bench)
        bench.run(160)
        #expect(bench.machine.endingTurn?.partition == reader)
        read(1, of: next, on: bench)
        bench.run(80)
        #expect(bench.machine.endingTurn == nil && bench.machine.turn?.partition == next)
        #expect(bench.paused.contains(reader) && bench.commit != nil)
    }

    /// There is always one turn to be ended, at most.
    @Test func aShortTurnWaitsForTheOneBeforeToBeOver() throws {
        let (bench, reader) = try nearTheEnd()
        let next = try handOver(from: reader, on: bench)
        let last = try #require((0..<3).first { $0 != next && $0 != reader })
        let partition = try #require(bench.machine.partitions[next])
        partition.logEnd = partition.position + 50
        bench.turn()
        #expect(bench.machine.turn?.partition == next && bench.machine.endingTurn?.partition == reader)
        #expect(bench.paused == [last])
        readTheRest(of: reader, on: bench)
        #expect(bench.machine.turn?.partition == last && bench.machine.endingTurn?.partition == next)
        #expect(bench.paused.isEmpty)
    }

    /// Of two that are behind again and again, neither cuts the other's turn short.
    @Test func whoHasHandedOverWaitsForItsNextTurn() throws {
        let bench = bench(partitions: 2) {
            $0.backlogRecords = 10
            $0.handoverRecords = 100
        }
        let reader = try crowd(bench, partitions: 0..<2)
        let next = 1 - reader
        let partition = try #require(bench.machine.partitions[reader])
        partition.logEnd = partition.position + 300
        _ = try handOver(from: reader, on: bench)
        #expect(bench.machine.turn?.partition == next && bench.machine.endingTurn?.partition == reader)
        bench.machine.learnLogEnd(partition: reader, 100_000)
        readTheRest(of: reader, on: bench)
        #expect(bench.machine.turn?.partition == next && bench.machine.endingTurn == nil)
        #expect(bench.paused == [reader])
    }

    /// What was read goes out before more is read, for as long as there is enough of it and it does not take long.
    @Test func whatStandsInTheQueueIsSentFirst() throws {
        let (bench, reader) = try nearTheEnd { $0.concurrency = 4 }
        _ = try handOver(from: reader, on: bench)
        #expect(!bench.machine.sendsFirst, "nothing is to be sent yet")
        readTheRest(of: reader, on: bench)
        #expect(bench.machine.sendsFirst)
        bench.turn()
        while bench.machine.lanesToCut.count + bench.machine.batchesAhead >= 8 {
            #expect(bench.machine.sendsFirst)
            while bench.commit != nil { bench.acknowledge() }
            let call = try #require(bench.calls.first)
            bench.answer(call)
        }
        #expect(!bench.machine.sendsFirst)
        // What is read next does not change that: it is no turn's end.
        read(40, of: try #require(bench.machine.turn?.partition), on: bench)
        bench.turn()
        #expect(!bench.machine.sendsFirst)
    }

    @Test func callsThatTakeLongAreNotWaitedFor() throws {
        let (bench, reader) = try nearTheEnd { $0.concurrency = 4 }
        _ = try handOver(from: reader, on: bench)
        readTheRest(of: reader, on: bench)
        bench.turn()
        bench.acknowledge()
        bench.run(99)
        #expect(bench.machine.sendsFirst && bench.machine.lanesToCut.count > 4)
        bench.run(2)
        #expect(!bench.machine.sendsFirst && bench.machine.lanesToCut.count > 4)
    }

    /// Nothing could come meanwhile: neither does whoever was read already lose its turn, nor whoever was to be fetched anew
    /// its second.
    @Test(arguments: [true, false]) func aHoldIsNoSilence(hasBeenRead: Bool) throws {
        let (bench, reader) = try nearTheEnd { $0.concurrency = 4 }
        let next = try handOver(from: reader, on: bench)
        if hasBeenRead {
            bench.pass(1)
            read(1, of: next, on: bench)
            bench.turn()
        }
        readTheRest(of: reader, on: bench)
        #expect(bench.machine.sendsFirst)
        bench.run(101)
        #expect(!bench.machine.sendsFirst)
        bench.run(hasBeenRead ? 190 : 990)
        #expect(bench.machine.turn?.partition == next)
        bench.run(20)
        #expect(bench.machine.turn?.partition != next)
    }

    /// A turn of some milliseconds is no reason to read nothing for a tenth of a second, and the time in which nothing was read
    /// is not the turn's.
    @Test func nothingIsHeldForLongerThanTheTurnWas() throws {
        let (bench, reader) = try nearTheEnd { $0.concurrency = 4 }
        _ = try handOver(from: reader, on: bench)
        readTheRest(of: reader, on: bench)
        let first = try #require(bench.machine.hold)
        #expect(first.until - first.since == ReadingHold.longest, "it was read for 150 ms")
        let next = try #require(bench.machine.turn?.partition)
        let partition = try #require(bench.machine.partitions[next])
        partition.logEnd = partition.position + 50
        bench.run(100)
        #expect(!bench.machine.sendsFirst && bench.machine.lanesToCut.count > 4)
        bench.pass(7)
        read(50, of: next, on: bench)
        bench.turn()
        let second = try #require(bench.machine.hold)
        #expect(bench.machine.turn?.partition != next)
        #expect(second.until - second.since == 7_000_000)
    }
}
