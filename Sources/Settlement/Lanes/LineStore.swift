internal import CPrefetch
internal import Labelling
internal import Synchronization

/// The lines of a segment, one after the other, each followed by a line feed.
///
/// They stand in chunks, each as large as an eighth to a quarter of those before, up to a bound. So growing copies nothing
/// and leaves little room unused: thousands of lanes grow side by side. A line never lies in two chunks.
///
/// Whoever adds lines writes behind everything that was written before; other threads read, once none are added any more.
struct LineStore: ~Copyable {
    /// Where a line stands.
    struct Place: Sendable {
        var start: UInt32
        var count: UInt32
        var chunk: UInt16
    }

    private var chunks: [Chunk] = []
    private var end: End?
    /// Bytes of all lines and their line feeds.
    private(set) var byteCount = 0
    /// What they take of memory.
    private(set) var heldBytes = 0

    deinit {
        for chunk in chunks { chunk.deallocate() }
    }

    /// Writes the event's line to the end: the one copy of a record's bytes.
    mutating func append(_ event: LabellingEvent) -> Place {
        let most = event.maximumLineCount
        guard most < Chunk.largest / 4 else { return append(large: event) }
        return append(room: most) { event.writeLine(into: $0) }
    }

    mutating func append(_ line: UnsafeRawBufferPointer) -> Place {
        append(room: line.count) { target in
            if let source = line.baseAddress { target.copyMemory(from: source, byteCount: line.count) }
            return line.count
        }
    }

    /// A line with white space may take a thousand times the room that is left of it.
    private mutating func append(large event: LabellingEvent) -> Place {
        withUnsafeTemporaryAllocation(byteCount: event.maximumLineCount, alignment: 1) { buffer in
            guard let base = buffer.baseAddress else { return append(UnsafeRawBufferPointer(start: nil, count: 0)) }
            return append(UnsafeRawBufferPointer(start: base, count: event.writeLine(into: base)))
        }
    }

    @inline(__always)
    private mutating func append(room: Int, _ write: (UnsafeMutableRawPointer) -> Int) -> Place {
        let end = end.flatMap { $0.capacity - $0.used > room ? $0 : nil } ?? addChunk(atLeast: room + 1)
        let target = end.bytes + end.used
        let count = write(target)
        target.storeBytes(of: UInt8(ascii: "\n"), toByteOffset: count, as: UInt8.self)
        self.end?.used += count + 1
        // The lane's next line is about as long, and comes when hundreds of others have been written.
        let rest = end.capacity - end.used - count - 1
        cprefetch_for_writing(target + count + 1, min(count + 1, rest))
        byteCount += count + 1
        return Place(start: UInt32(end.used), count: UInt32(count), chunk: end.chunk)
    }

    private mutating func addChunk(atLeast count: Int) -> End {
        var capacity = Chunk.smallest
        while capacity < Chunk.largest, capacity * 8 <= heldBytes { capacity *= 2 }
        while capacity < count { capacity *= 2 }
        if let full = self.end { chunks[chunks.count - 1].used = full.used }
        let chunk = Chunk(capacity: capacity)
        let end = End(chunk: UInt16(chunks.count), bytes: chunk.bytes, capacity: capacity)
        self.end = end
        chunks.append(chunk)
        heldBytes += capacity
        return end
    }

    /// Of the last chunk, where its unused part begins: at hand, since what belongs to lanes that grow side by side is seldom
    /// in the processor's caches.
    private struct End {
        let chunk: UInt16
        let bytes: UnsafeMutableRawPointer
        let capacity: Int
        var used = 0
    }

    /// The bytes of a line without its line feed, valid while the store is.
    @inline(__always)
    func line(at place: Place) -> UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(start: chunks[Int(place.chunk)].bytes + Int(place.start), count: Int(place.count))
    }

    /// Hands out all lines, as they stand in memory, without the line feed behind the last one.
    func forEachChunk(_ body: (UnsafeRawBufferPointer) -> Void) {
        guard let end else { return }
        for chunk in chunks.dropLast() { body(UnsafeRawBufferPointer(start: chunk.bytes, count: chunk.used)) }
        body(UnsafeRawBufferPointer(start: end.bytes, count: end.used - 1))
    }

    /// What stands from one line's begin to another's end in the same chunk.
    func lines(from first: Place, through last: Place, withLineFeed: Bool) -> UnsafeRawBufferPointer {
        let end = Int(last.start) + Int(last.count) + (withLineFeed ? 1 : 0)
        return UnsafeRawBufferPointer(
            start: chunks[Int(first.chunk)].bytes + Int(first.start), count: end - Int(first.start))
    }
}

/// Memory for lines: without an object of its own around it, since thousands of lanes have two dozen each.
private struct Chunk {
    static let smallest = 1024
    static let largest = 64 * 1024

    let bytes: UnsafeMutableRawPointer
    let capacity: Int
    /// Set once another one follows.
    var used = 0

    init(capacity: Int) {
        self.capacity = capacity
        bytes =
            (capacity == Self.largest ? Self.spare.withLock { $0.popLast()?.bytes } : nil)
            ?? UnsafeMutableRawPointer.allocate(byteCount: capacity, alignment: 16)
    }

    /// To be called once, when nobody reads the lines any more.
    func deallocate() {
        let memory = Memory(bytes: bytes)
        let isKept =
            capacity == Self.largest
            && Self.spare.withLock { spare in
                guard spare.count < Self.mostSpare else { return false }
                spare.append(memory)
                return true
            }
        if !isKept { bytes.deallocate() }
    }

    private struct Memory: @unchecked Sendable {
        var bytes: UnsafeMutableRawPointer
    }

    /// Chunks of the largest size that nobody uses: at speed thousands come and go every second, and the system would
    /// have to clear the memory each time.
    private static let spare = Mutex<[Memory]>([])
    private static let mostSpare = 64
}
