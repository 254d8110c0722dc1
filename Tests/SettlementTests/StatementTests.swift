import Labelling
import LookoutVision
import Testing

@testable import Settlement

/// What a partition's commit says, and under which floor it is shortest.
@Suite struct StatementTests {
    private let coder = LedgerCoder(group: "g", topic: "t", partition: 0)

    private func partition(_ ledger: Ledger) -> Partition {
        Partition(
            number: 0, epoch: 1, start: ledger.offset, ledger: ledger, mustCommit: false, coder: coder,
            ledgerCharacters: 3900)
    }

    private func key(_ number: Int) -> DatasetKey { DatasetKey(project: "p\(number)", type: .train) }

    /// A lane that has settled up to an offset, or that has an event there unsettled.
    private func lane(_ number: Int, of partition: Partition, settled: Int64? = nil, unsettled: Int64? = nil) {
        let lane = Array(key(number).project.utf8).withUnsafeBytes {
            partition.borrowedLane(project: $0, type: .train).owned
        }
        if let settled {
            lane.settled = settled
            lane.lastSettledEvent = settled
        }
        if let unsettled {
            let segment = Segment(openedAt: 0)
            SampleEvent("p\(number)", "a").withEvent { segment.append($0, offset: unsettled) }
            lane.segments.append(segment)
        }
        partition.activate(lane)
    }

    private func said(_ partition: Partition, characters: Int = 3900) throws -> Ledger {
        let statement = try #require(partition.composeStatement(maximumCharacters: characters))
        let ledger = try coder.decode(statement.metadata, committedAt: statement.offset)
        #expect(ledger.floor == statement.levels.floor)
        return ledger
    }

    private let empty = Ledger(era: 0, offset: 100, floor: 99, entries: [])

    @Test func nothingUnsettledNamesNobody() throws {
        let partition = partition(empty)
        partition.position = 500
        for number in 0..<5 { lane(number, of: partition, settled: 400 + Int64(number)) }
        #expect(try said(partition) == Ledger(era: 0, offset: 500, floor: 499, entries: []))
        #expect(partition.active.isEmpty, "nobody needs looking at any more")
    }

    @Test func manyHealthyAndOneStuckNamesTheStuckOne() throws {
        let partition = partition(empty)
        partition.position = 500
        lane(0, of: partition, unsettled: 120)
        for number in 1..<50 { lane(number, of: partition, settled: 400 + Int64(number)) }
        #expect(
            try said(partition)
                == Ledger(
                    era: 0, offset: 120, floor: 499, entries: [.init(dataset: key(0), settled: 119, inFlight: nil)]))
    }

    @Test func fewSettledAmongManyWaitingNamesTheSettled() throws {
        let partition = partition(empty)
        partition.position = 500
        for number in 0..<50 { lane(number, of: partition, unsettled: 120 + Int64(number)) }
        lane(50, of: partition, settled: 480)
        #expect(
            try said(partition)
                == Ledger(
                    era: 0, offset: 120, floor: 119, entries: [.init(dataset: key(50), settled: 480, inFlight: nil)]))
    }

    @Test func lastFloorKeepsRoomFromShrinkingByItself() throws {
        let partition = partition(empty)
        partition.position = 300
        lane(0, of: partition, unsettled: 120)
        for number in 1..<40 { lane(number, of: partition, settled: 200 + Int64(number)) }
        let first = try #require(partition.composeStatement(maximumCharacters: 3900))
        #expect(first.levels.floor == 299)
        partition.levels = first.levels
        // Every lane gets an event that waits: under the low floor the settled would be named, under the high one all.
        partition.position = 600
        for number in 1..<40 { lane(number, of: partition, unsettled: 400 + Int64(number)) }
        let second = try said(partition)
        #expect(second.floor == 299)
        #expect(second.entries.map(\.dataset) == [key(0)])
    }

    @Test func inheritedFloorIsKeptUntilItWasReadPast() throws {
        let inherited = Ledger(
            era: 0, offset: 100, floor: 300,
            entries: [
                .init(dataset: nil, settled: 150, inFlight: nil),
                .init(dataset: key(0), settled: 120, inFlight: nil),
                .init(dataset: key(1), settled: 99, inFlight: .init(cut: 200, firstSent: 9, eventCount: 3)),
                .init(dataset: key(2), settled: 350, inFlight: nil),
            ])
        let partition = partition(inherited)
        partition.position = 110
        let said = try said(partition)
        #expect(said.floor == 300)
        #expect(said.offset == 110)
        #expect(said.entries.map(\.dataset) == [nil, key(0), key(1), key(2)])
        #expect(said.entries.map(\.settled) == [150, 120, 109, 350])
        #expect(said.entries[2].inFlight == inherited.entries[2].inFlight)
    }

    @Test func recordsOfNoDatasetAreNamedWhereTheyHaveSettledAboveTheFloor() throws {
        let partition = partition(empty)
        lane(0, of: partition, unsettled: 100)
        partition.position = 102
        _ = partition.refusals.append(offset: 101, nil, bytes: 0, isHalting: false)
        let said = try said(partition)
        #expect(said.floor == 101 || said.entries.contains { $0.dataset == nil && $0.settled == 101 })
        #expect(said.offset == 100)
    }

    @Test func nothingIsSaidWhereItDoesNotFit() {
        let partition = partition(empty)
        partition.position = 500
        for number in 0..<50 {
            lane(number, of: partition, settled: 300 + Int64(number), unsettled: 400 + Int64(number))
        }
        lane(50, of: partition, unsettled: 101)
        #expect(partition.composeStatement(maximumCharacters: 60) == nil)
        #expect(partition.composeStatement(maximumCharacters: 3900) != nil)
    }
}
