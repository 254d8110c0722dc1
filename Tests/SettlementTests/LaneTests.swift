import Labelling
import Testing

@testable import Settlement

@Suite struct LaneTests {
    private let event = SampleEvent("p", "a", "1")
    /// With its line feed.
    private var lineBytes: Int { event.line.utf8.count + 1 }

    private func lane() -> Lane {
        Lane(number: 0, dataset: event.dataset, digest: LaneDigest(event.dataset), settled: -1)
    }

    /// - Returns: whether the lane had no segment before.
    private func add(
        to lane: Lane, offset: Int64, seal: Int64 = -1, bytes: Int = .max, lines: Int = .max
    ) -> Bool {
        let held = lane.segments.heldBytes
        let added = event.withEvent {
            lane.append($0, offset: offset, seal: seal, now: 5, maximumBytes: bytes, maximumLines: lines)
        }
        #expect(lane.segments.heldBytes == held + added.bytes)
        #expect(lane.segments.last?.lastOffset == offset)
        return added.isFirst
    }

    @Test func anEventTakesThePlaceBehindTheOthers() {
        let lane = lane()
        #expect(add(to: lane, offset: 1))
        for offset in 2...100 { #expect(!add(to: lane, offset: Int64(offset))) }
        #expect(!lane.segments.isMoreThanOne)
        #expect(lane.firstUnsettled == 1)
        #expect(lane.segments.last?.events.count == 100)
    }

    /// The lane has an event at offset 1, and gets one at 2.
    @Test(arguments: [(seal: Int64(0), isMoreThanOne: false), (1, true), (2, false)])
    func noSegmentReachesAcrossASeal(seal: Int64, isMoreThanOne: Bool) {
        let lane = lane()
        #expect(add(to: lane, offset: 1))
        #expect(!add(to: lane, offset: 2, seal: seal))
        #expect(lane.segments.isMoreThanOne == isMoreThanOne)
    }

    /// Bytes beside those of two lines.
    @Test(arguments: [(bytes: 0, lines: 2, isMoreThanOne: false), (-1, 2, true), (0, 1, true)])
    func whatHasNoRoomBeginsASegment(bytes: Int, lines: Int, isMoreThanOne: Bool) {
        let lane = lane()
        #expect(add(to: lane, offset: 1, bytes: 2 * lineBytes + bytes, lines: lines))
        #expect(!add(to: lane, offset: 2, bytes: 2 * lineBytes + bytes, lines: lines))
        #expect(lane.segments.isMoreThanOne == isMoreThanOne)
    }

    @Test func whatIsTooLargeForAnySegmentHasOneOfItsOwn() {
        let lane = lane()
        #expect(add(to: lane, offset: 1, bytes: lineBytes - 1))
        #expect(!lane.segments.isMoreThanOne)
        #expect(!add(to: lane, offset: 2, bytes: lineBytes - 1))
        #expect(lane.segments.isMoreThanOne)
    }
}
