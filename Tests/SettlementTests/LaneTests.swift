import Labelling
import Testing

@testable import Settlement

@Suite struct LaneTests {
    private let event = SampleEvent("p", "a", "1")

    private func lane() -> Lane {
        Lane(number: 0, dataset: event.dataset, digest: LaneDigest(event.dataset), settled: -1)
    }

    /// - Returns: whether the lane had no event before.
    private func add(
        to lane: Lane, offset: Int64, seal: Int64 = -1, bytes: Int = .max, lines: Int = .max
    ) -> Bool {
        var isFirst = false
        let held = lane.segments.heldBytes
        event.withEvent {
            let added = lane.append(
                $0, offset: offset, seal: seal, now: 5, maximumBytes: bytes, maximumLines: lines)
            #expect(lane.segments.heldBytes == held + added.bytes)
            isFirst = added.isFirst
        }
        #expect(lane.segments.last?.lastOffset == offset)
        return isFirst
    }

    @Test func anEventTakesThePlaceBehindTheOthers() {
        let lane = lane()
        #expect(add(to: lane, offset: 1))
        for offset in 2...100 { #expect(!add(to: lane, offset: Int64(offset))) }
        #expect(!lane.segments.isMoreThanOne)
        #expect(lane.firstUnsettled == 1)
        #expect(lane.segments.last?.events.count == 100)
    }

    /// At the place of the seal the lane has one event, and gets a second one behind.
    @Test(arguments: [(seal: Int64(0), count: 1), (1, 2), (2, 1)])
    func noSegmentReachesAcrossASeal(seal: Int64, count: Int) {
        let lane = lane()
        #expect(add(to: lane, offset: 1))
        #expect(!add(to: lane, offset: 2, seal: seal))
        #expect(lane.segments.isMoreThanOne == (count > 1))
        #expect(lane.firstUnsettled == 1)
    }

    @Test func whatHasNoRoomBeginsASegment() {
        let size = event.line.utf8.count + 1
        for (bytes, lines, isMoreThanOne) in [(2 * size, 2, false), (2 * size - 1, 2, true), (2 * size, 1, true)] {
            let lane = lane()
            #expect(add(to: lane, offset: 1, bytes: bytes, lines: lines))
            #expect(!add(to: lane, offset: 2, bytes: bytes, lines: lines))
            #expect(lane.segments.isMoreThanOne == isMoreThanOne)
        }
    }
}
