internal import Labelling

/// A run of one lane's events that will be sent as one batch: it is filled, then frozen whole, so that cutting a
/// batch copies nothing of what was gathered, except where a round begins in the middle of it.
///
/// Lines stand one after the other, each followed by a line feed, in offset order. When it is frozen, the last event of a
/// `source-ref` wins and marks the one before it as superseded: in one go, since the index that takes fits the processor's
/// cache then, and the indexes of all growing segments together do not.
///
/// Only its lane's thread changes it, and nobody once it is a batch's: then any thread may read it.
package final class Segment: @unchecked Sendable {
    struct Event: Sendable {
        var offset: Int64
        var place: LineStore.Place
        /// Where the unescaped source-ref stands in the line, or in `escapedRefs` as its complement.
        var refStart: Int32
        var refCount: Int32
        /// Of the source-ref, made while that is at hand: when the segment is frozen its bytes are long out of the cache.
        var refHash: UInt32
    }

    // What every event needs lies close together.
    private(set) var lines = LineStore()
    private(set) var events = EventList()
    /// What the segment takes of memory.
    private(set) var heldBytes = 0
    private let hash = KeyedHash.process
    /// Source-refs that are written with escapes in their line and so do not stand there literally.
    private var escapedRefs: [UInt8] = []
    /// Monotonic nanoseconds of the first event: the linger counts from here.
    let openedAt: Int64
    /// Of every event of a frozen segment the one with the same source-ref that it supersedes, or -1. Empty where there is
    /// none at all.
    private var previous: [Int32] = []
    /// Of every event of a frozen segment whether a later one supersedes it. Empty where none is.
    private var superseded: [Bool] = []

    init(openedAt: Int64) { self.openedAt = openedAt }

    var isEmpty: Bool { events.isEmpty }
    var firstOffset: Int64? { events.firstOffset }
    var lastOffset: Int64? { events.lastOffset }

    /// Whether one more line of at most `count` bytes still fits.
    func hasRoom(for count: Int, bytes maximumBytes: Int, lines maximumLines: Int) -> Bool {
        events.isEmpty || (lines.byteCount + count + 1 <= maximumBytes && events.count < maximumLines)
    }

    /// Adds an event behind all others.
    /// - Returns: how many bytes more the segment holds.
    @discardableResult
    func append(_ event: LabellingEvent, offset: Int64) -> Int {
        let place = lines.append(event)
        // Where the reference stands in the line as it came: white space that was removed moved it to the left. In a line
        // that was made it is what comes first.
        var guess = Self.commonRefStart
        var isCertain = false
        if let line = event.line.baseAddress, let ref = event.sourceRef.baseAddress, ref >= line,
            ref < line + event.line.count
        {
            guess = ref - line
            isCertain = event.isCompact
        }
        register(event.sourceRef, near: guess, isCertain: isCertain, place: place, offset: offset)
        let before = heldBytes
        countHeldBytes()
        return heldBytes - before
    }

    @inline(__always)
    private func countHeldBytes() {
        heldBytes = lines.heldBytes + escapedRefs.capacity + events.heldBytes
    }

    private static let commonRefStart = #"{"source-ref":""#.utf8.count

    private func register(
        _ ref: UnsafeRawBufferPointer, near guess: Int, isCertain: Bool = false, place: LineStore.Place, offset: Int64
    ) {
        let refStart: Int
        if isCertain {
            refStart = guess
        } else if let position = lines.line(at: place).position(of: ref, near: guess) {
            refStart = position
        } else {
            refStart = ~escapedRefs.count
            escapedRefs.append(contentsOf: ref)
        }

        events.append(
            Event(
                offset: offset, place: place, refStart: Int32(refStart), refCount: Int32(ref.count),
                refHash: UInt32(truncatingIfNeeded: hash(ref) >> 32)))
    }

    /// Takes away the events at offsets ≥ `offset`, for a segment of their own.
    /// - Returns: nil where there are none.
    func split(from offset: Int64) -> Segment? {
        guard let position = events.indices.first(where: { events[$0].offset >= offset }), position > 0 else {
            return nil
        }
        let head = Segment(openedAt: openedAt)
        let tail = Segment(openedAt: openedAt)
        for number in events.indices {
            let event = events[number]
            let line = lines.line(at: event.place)
            withRef(of: event) { ref in
                if number < position {
                    head.append(line: line, ref: ref, of: event)
                } else {
                    tail.append(line: line, ref: ref, of: event)
                }
            }
        }
        swap(&lines, &head.lines)
        swap(&events, &head.events)
        escapedRefs = head.escapedRefs
        countHeldBytes()
        tail.countHeldBytes()
        return tail
    }

    private func append(line: UnsafeRawBufferPointer, ref: UnsafeRawBufferPointer, of event: Event) {
        let place = lines.append(line)
        register(ref, near: Int(event.refStart), place: place, offset: event.offset)
    }

    @inline(__always)
    private func withRef<Result>(of event: Event, _ body: (UnsafeRawBufferPointer) -> Result) -> Result {
        guard event.refStart < 0 else {
            let line = lines.line(at: event.place)
            let start = Int(event.refStart)
            return body(UnsafeRawBufferPointer(rebasing: line[start..<(start + Int(event.refCount))]))
        }
        return escapedRefs.withUnsafeBytes { refs in
            let start = Int(~event.refStart)
            return body(UnsafeRawBufferPointer(rebasing: refs[start..<(start + Int(event.refCount))]))
        }
    }

    /// Finds every event that a later one of the same source-ref supersedes.
    /// - Returns: the numbers of the others, in order.
    func freeze() -> [Int32] {
        var index = SourceRefIndex(capacity: events.count)
        (previous, superseded) = ([], [])
        for number in events.indices {
            guard let earlier = latest(before: number, in: &index) else { continue }
            if previous.isEmpty {
                previous = Array(repeating: -1, count: events.count)
                superseded = Array(repeating: false, count: events.count)
            }
            previous[number] = Int32(earlier)
            superseded[earlier] = true
        }
        return events.indices.compactMap { isSuperseded($0) ? nil : Int32($0) }
    }

    func isSuperseded(_ number: Int) -> Bool { !superseded.isEmpty && superseded[number] }

    /// The event that `number` supersedes.
    func eventSuperseded(by number: Int) -> Int? {
        previous.isEmpty || previous[number] < 0 ? nil : Int(previous[number])
    }

    /// Makes `number` the latest event of its source-ref and returns the one that was the latest until now.
    private func latest(before number: Int, in index: inout SourceRefIndex) -> Int? {
        // The index keeps and compares the upper half of a hash.
        let hash = UInt64(events[number].refHash) << 32
        var slot = index.firstSlot(for: hash)
        while let candidate = index.event(at: slot) {
            if index.mayMatch(hash, at: slot), isSameRef(number, candidate) { break }
            slot = index.slot(after: slot)
        }
        let previous = index.event(at: slot)
        index.set(number, hash: hash, at: slot)
        return previous
    }

    private func isSameRef(_ a: Int, _ b: Int) -> Bool {
        withRef(of: events[a]) { ref in withRef(of: events[b]) { $0.hasBytes(of: ref) } }
    }
}

extension UnsafeRawBufferPointer {
    /// Whether the bytes are the same. Not by `memcmp`: around a call into another library everything at hand would be
    /// retained, which costs more than to compare the few words of a name.
    @inline(__always)
    func hasBytes(of other: UnsafeRawBufferPointer) -> Bool { count == other.count && hasBytes(of: other, at: 0) }

    /// Whether those of `other` stand at `position`, from where there are as many at least.
    @inline(__always)
    private func hasBytes(of other: UnsafeRawBufferPointer, at position: Int) -> Bool {
        var compared = 0
        while other.count - compared >= 8 {
            guard word(at: position + compared) == other.word(at: compared) else { return false }
            compared += 8
        }
        guard compared < other.count else { return true }
        // The last word overlaps the one before it.
        if other.count >= 8 { return word(at: position + other.count - 8) == other.word(at: other.count - 8) }
        while compared < other.count {
            guard self[position + compared] == other[compared] else { return false }
            compared += 1
        }
        return true
    }

    @inline(__always)
    private func word(at position: Int) -> UInt64 { loadUnaligned(fromByteOffset: position, as: UInt64.self) }

    /// Where `needle` stands: at `guess`, or else as near before it as can be, or else after it.
    @inline(__always)
    fileprivate func position(of needle: UnsafeRawBufferPointer, near guess: Int) -> Int? {
        guard needle.count <= count else { return nil }
        let last = count - needle.count
        let start = Swift.min(Swift.max(guess, 0), last)
        if hasBytes(of: needle, at: start) { return start }
        return (0..<start).reversed().first { hasBytes(of: needle, at: $0) }
            ?? (start + 1..<last + 1).first { hasBytes(of: needle, at: $0) }
    }
}
