internal import DequeModule

/// A lane's future batches, oldest first. Only the last one still grows, and of most lanes it is the only one: so it is at
/// hand, and the queue of those before it is empty, which all lanes share.
struct SegmentQueue {
    private var before: Deque<Segment> = []
    private(set) var last: Segment?

    var isEmpty: Bool { last == nil }
    /// The last one, kept by the queue.
    var borrowedLast: Borrowed<Segment>? { last.map { Borrowed($0) } }
    var first: Segment? { before.isEmpty ? last : before.first }
    /// Whether there is one that does not grow any more.
    var isMoreThanOne: Bool { !before.isEmpty }
    /// What all of them take of memory.
    var heldBytes: Int { before.reduce(last?.heldBytes ?? 0) { $0 + $1.heldBytes } }

    mutating func append(_ segment: Segment) {
        if let last { before.append(last) }
        last = segment
    }

    mutating func prepend(_ segment: Segment) {
        if last == nil { last = segment } else { before.prepend(segment) }
    }

    /// nil where there is none.
    mutating func popFirst() -> Segment? { before.isEmpty ? last.take() : before.popFirst() }

    mutating func removeAll() { self = SegmentQueue() }
}
