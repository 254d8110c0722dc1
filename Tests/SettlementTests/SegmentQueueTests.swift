import Testing

@testable import Settlement

@Suite struct SegmentQueueTests {
    private func segments(_ count: Int) -> [Segment] { (0..<count).map { Segment(openedAt: Int64($0)) } }

    @Test func comeOutAsTheyWentIn() {
        for count in 0...4 {
            var queue = SegmentQueue()
            for segment in segments(count) { queue.append(segment) }
            #expect(queue.isEmpty == (count == 0))
            #expect(queue.isMoreThanOne == (count > 1))
            #expect(queue.first?.openedAt == (count == 0 ? nil : 0))
            #expect(queue.last?.openedAt == (count == 0 ? nil : Int64(count - 1)))
            var order: [Int64] = []
            while let segment = queue.popFirst() { order.append(segment.openedAt) }
            #expect(order == (0..<Int64(count)).map { $0 })
            #expect(queue.isEmpty)
        }
    }

    /// A batch that is taken back is the next one again; where nothing came meanwhile it grows on.
    @Test func whatIsTakenBackIsFirst() {
        let three = segments(3)
        var queue = SegmentQueue()
        queue.prepend(three[2])
        #expect(queue.first === three[2] && queue.last === three[2])
        queue.prepend(three[1])
        queue.prepend(three[0])
        #expect(queue.first === three[0] && queue.last === three[2])
        queue.removeAll()
        #expect(queue.isEmpty && queue.first == nil && !queue.isMoreThanOne)
    }

    @Test func holdsWhatItsSegmentsHold() {
        var queue = SegmentQueue()
        #expect(queue.heldBytes == 0)
        var held = 0
        for segment in segments(3) {
            SampleEvent("p", "a", "1").withEvent { held += segment.append($0, offset: 1) }
            queue.append(segment)
        }
        #expect(held > 0 && queue.heldBytes == held)
    }

    @Test func anEventListKeepsWhatItIsGiven() {
        let segment = Segment(openedAt: 0)
        #expect(segment.firstOffset == nil && segment.lastOffset == nil)
        var held = 0
        for number in 0..<1000 {
            SampleEvent("p", "\(number)", "1").withEvent { held += segment.append($0, offset: Int64(number * 3)) }
            #expect(segment.firstOffset == 0 && segment.lastOffset == Int64(number * 3))
        }
        #expect(segment.events.indices.map { segment.events[$0].offset } == (0..<1000).map { $0 * 3 })
        #expect(segment.heldBytes == held)
        #expect(held >= segment.lines.byteCount + 1000 * MemoryLayout<Segment.Event>.stride)
    }
}
