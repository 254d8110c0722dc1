/// Memory for the texts that decoding makes, kept from one use to the next: in the steady state it allocates nothing.
///
/// Texts stay where they are until `recycle`. Sendable, since the memory has one owner and is changed through mutating
/// calls alone.
struct Scratch: ~Copyable, @unchecked Sendable {
    private var base: UnsafeMutablePointer<UInt8>
    private var capacity: Int
    private var used = 0
    /// Where the present text begins.
    private var start = 0
    /// Memory that was too small for what came; texts still stand there.
    private var outgrown: [UnsafeMutablePointer<UInt8>] = []

    /// What one giant record needed is given back once it is through.
    private static let keptCapacity = 1 << 20
    private static let alignment = 8

    init(capacity: Int = 4096) {
        base = .allocate(capacity: capacity)
        self.capacity = capacity
    }

    deinit {
        base.deallocate()
        for memory in outgrown { memory.deallocate() }
    }

    /// Begins a text of at most `room` bytes, aligned for integers: as long as no more are added, it does not move.
    mutating func begin(room: Int) {
        start = (used + Self.alignment - 1) & -Self.alignment
        used = start
        guard start + room > capacity else { return }
        outgrown.append(base)
        // Twice as large, so that the next round finds room for everything in one piece.
        replaceMemory(capacity: max(room, min(capacity * 2, Self.keptCapacity)))
    }

    /// Everything that was made is given up.
    mutating func recycle() {
        (used, start) = (0, 0)
        guard !outgrown.isEmpty || capacity > Self.keptCapacity else { return }
        for memory in outgrown { memory.deallocate() }
        outgrown = []
        guard capacity > Self.keptCapacity else { return }
        base.deallocate()
        replaceMemory(capacity: Self.keptCapacity)
    }

    private mutating func replaceMemory(capacity: Int) {
        (used, start) = (0, 0)
        self.capacity = capacity
        base = .allocate(capacity: capacity)
    }

    /// Bytes of the present text so far.
    var count: Int { used - start }

    /// The present text so far.
    var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: base + start, count: count) }

    mutating func append(_ bytes: UnsafeRawBufferPointer) {
        precondition(used + bytes.count <= capacity, "less room was asked for than is used")
        guard let source = bytes.baseAddress else { return }
        UnsafeMutableRawPointer(base + used).copyMemory(from: source, byteCount: bytes.count)
        used += bytes.count
    }

    mutating func append(_ literal: StaticString) {
        append(UnsafeRawBufferPointer(start: literal.utf8Start, count: literal.utf8CodeUnitCount))
    }

    mutating func append(decimal value: Int) {
        if value > 9 { append(decimal: value / 10) }
        withUnsafeBytes(of: UInt8(ascii: "0") + UInt8(value % 10)) { append($0) }
    }

    /// Adds the content of a JSON string with its escapes resolved and returns where it lies.
    mutating func append(unescaping content: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer {
        precondition(used + content.count <= capacity, "less room was asked for than is used")
        let target = base + used
        let written = JSONString.unescape(content, into: target)
        used += written
        return UnsafeRawBufferPointer(start: target, count: written)
    }
}
