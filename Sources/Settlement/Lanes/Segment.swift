internal import Labelling

/// A run of one lane's events that will be sent as one batch: it is filled, then frozen whole, so that cutting a
/// batch never copies or splits what was gathered.
///
/// Lines stand one after the other, each followed by a line feed, in offset order; the last event of a `source-ref`
/// wins and marks the one before it as superseded.
package struct Segment: Sendable {
    struct Event: Sendable {
        var offset: Int64
        var lineStart: Int
        var lineCount: Int32
        /// Where the unescaped source-ref stands in `bytes`, or in `escapedRefs` as its complement.
        var refStart: Int
        var refCount: Int32
        /// The event with the same source-ref that this one supersedes, or -1.
        var previous: Int32
        var isSuperseded: Bool
    }

    private(set) var bytes: [UInt8] = []
    private(set) var events: [Event] = []
    private(set) var supersededCount = 0
    /// Monotonic nanoseconds of the first event: the linger counts from here.
    let openedAt: Int64
    /// Source-refs that are written with escapes in their line and so do not stand there literally.
    private var escapedRefs: [UInt8] = []
    private var index = SourceRefIndex()

    init(openedAt: Int64) { self.openedAt = openedAt }

    var isEmpty: Bool { events.isEmpty }
    var firstOffset: Int64? { events.first?.offset }
    var lastOffset: Int64? { events.last?.offset }
    /// What the segment costs in memory, near enough for a budget.
    var heldBytes: Int { bytes.count + escapedRefs.count + events.count * (MemoryLayout<Event>.stride + 8) }

    /// Whether one more line of at most `count` bytes still fits.
    func hasRoom(for count: Int, bytes maximumBytes: Int, lines maximumLines: Int) -> Bool {
        events.isEmpty || (bytes.count + count + 1 <= maximumBytes && events.count < maximumLines)
    }

    /// Writes the event's line to the end: the one copy of a record's bytes.
    mutating func append(_ event: LabellingEvent, offset: Int64) {
        let start = bytes.count
        let capacity = event.maximumLineCount
        var written = 0
        bytes.reserveForAppending(capacity + 1)
        bytes.append(addingCapacity: capacity + 1) { span in
            span.withUnsafeMutableBufferPointer { buffer, initialized in
                guard let base = buffer.baseAddress else { return }
                written = event.writeLine(into: UnsafeMutableRawPointer(base + initialized))
                base[initialized + written] = UInt8(ascii: "\n")
                initialized += written + 1
            }
        }

        register(event.sourceRef, lineStart: start, lineCount: written, offset: offset)
    }

    private mutating func register(_ ref: UnsafeRawBufferPointer, lineStart: Int, lineCount: Int, offset: Int64) {
        let refStart: Int
        if let position = bytes.find(ref, in: lineStart..<(lineStart + lineCount)) {
            refStart = position
        } else {
            refStart = ~escapedRefs.count
            escapedRefs.append(contentsOf: ref)
        }

        let number = events.count
        let previous = supersede(ref, hash: SourceRefIndex.hash(ref), with: number)
        events.append(
            Event(
                offset: offset, lineStart: lineStart, lineCount: Int32(lineCount), refStart: refStart,
                refCount: Int32(ref.count), previous: Int32(previous ?? -1), isSuperseded: false))
    }

    /// Takes away the events at offsets ≥ `offset`, for a segment of their own.
    /// - Returns: nil where there are none.
    mutating func split(from offset: Int64) -> Segment? {
        guard let position = events.firstIndex(where: { $0.offset >= offset }), position > 0 else { return nil }
        var head = Segment(openedAt: openedAt)
        var tail = Segment(openedAt: openedAt)
        for (number, event) in events.enumerated() {
            withLineAndRef(of: event) { line, ref in
                if number < position {
                    head.append(line: line, ref: ref, offset: event.offset)
                } else {
                    tail.append(line: line, ref: ref, offset: event.offset)
                }
            }
        }
        self = head
        return tail
    }

    private mutating func append(line: UnsafeRawBufferPointer, ref: UnsafeRawBufferPointer, offset: Int64) {
        let start = bytes.count
        bytes.append(contentsOf: line)
        bytes.append(UInt8(ascii: "\n"))
        register(ref, lineStart: start, lineCount: line.count, offset: offset)
    }

    private func withLineAndRef(
        of event: Event, _ body: (_ line: UnsafeRawBufferPointer, _ ref: UnsafeRawBufferPointer) -> Void
    ) {
        bytes.withUnsafeBytes { bytes in
            escapedRefs.withUnsafeBytes { escapedRefs in
                let refs = event.refStart >= 0 ? bytes : escapedRefs
                let refStart = event.refStart >= 0 ? event.refStart : ~event.refStart
                body(
                    UnsafeRawBufferPointer(rebasing: bytes[event.lineStart..<(event.lineStart + Int(event.lineCount))]),
                    UnsafeRawBufferPointer(rebasing: refs[refStart..<(refStart + Int(event.refCount))]))
            }
        }
    }

    /// Makes `number` the latest event of its source-ref and returns the one that was the latest until now.
    private mutating func supersede(_ ref: UnsafeRawBufferPointer, hash: UInt64, with number: Int) -> Int? {
        var slot = index.firstSlot(for: hash)
        while let candidate = index.event(at: slot) {
            if index.mayMatch(hash, at: slot), isRef(of: events[candidate], equalTo: ref) {
                index.set(number, hash: hash, at: slot)
                events[candidate].isSuperseded = true
                supersededCount += 1
                return candidate
            }
            slot = index.slot(after: slot)
        }
        index.set(number, hash: hash, at: slot)
        return nil
    }

    private func isRef(of event: Event, equalTo ref: UnsafeRawBufferPointer) -> Bool {
        guard Int(event.refCount) == ref.count else { return false }
        return event.refStart >= 0
            ? bytes.hasBytes(ref, at: event.refStart) : escapedRefs.hasBytes(ref, at: ~event.refStart)
    }
}

extension [UInt8] {
    /// Grows by doubling, as `append` would, before a span of known size is asked for.
    fileprivate mutating func reserveForAppending(_ count: Int) {
        if capacity - self.count < count { reserveCapacity(Swift.max(self.count + count, capacity * 2)) }
    }

    fileprivate func hasBytes(_ other: UnsafeRawBufferPointer, at start: Int) -> Bool {
        withUnsafeBytes { UnsafeRawBufferPointer(rebasing: $0[start..<(start + other.count)]).elementsEqual(other) }
    }

    /// Where `needle` first stands inside `range`.
    fileprivate func find(_ needle: UnsafeRawBufferPointer, in range: Range<Int>) -> Int? {
        guard let first = needle.first, needle.count <= range.count else { return nil }
        return withUnsafeBytes { buffer in
            let haystack = buffer[range]
            var from = haystack.startIndex
            let last = haystack.endIndex - needle.count
            while from <= last, let hit = haystack[from...last].firstIndex(of: first) {
                if buffer[hit..<(hit + needle.count)].elementsEqual(needle) { return hit }
                from = hit + 1
            }
            return nil
        }
    }
}
