internal import CPrefetch

/// The events of a segment, in offset order.
///
/// Its count and its bounds stand in the list itself, not in front of the events: where thousands of lanes grow side by
/// side, an event is written to memory that is long out of the processor's caches, and nothing need be read there first.
struct EventList: ~Copyable {
    private var memory = UnsafeMutableBufferPointer<Segment.Event>(start: nil, count: 0)
    private(set) var count = 0
    /// nil where there is no event.
    private(set) var firstOffset: Int64?
    private(set) var lastOffset: Int64?

    deinit { memory.deallocate() }

    var isEmpty: Bool { count == 0 }
    var indices: Range<Int> { 0..<count }
    /// What the list takes of memory.
    var heldBytes: Int { memory.count * MemoryLayout<Segment.Event>.stride }

    subscript(number: Int) -> Segment.Event {
        precondition(indices.contains(number))
        return memory[number]
    }

    mutating func append(_ event: Segment.Event) {
        if count == memory.count { grow() }
        memory.initializeElement(at: count, to: event)
        count += 1
        if count < memory.count, let base = memory.baseAddress {
            cprefetch_for_writing(base + count, MemoryLayout<Segment.Event>.stride)
        }
        if firstOffset == nil { firstOffset = event.offset }
        lastOffset = event.offset
    }

    private mutating func grow() {
        let larger = UnsafeMutableBufferPointer<Segment.Event>.allocate(capacity: max(Self.smallest, count * 2))
        // (All of it is initialized: it is full.)
        _ = larger.moveInitialize(fromContentsOf: memory)
        memory.deallocate()
        memory = larger
    }

    private static let smallest = 4
}
