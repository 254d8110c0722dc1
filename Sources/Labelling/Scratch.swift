/// Memory that is kept from one record to the next, so that decoding allocates nothing in the steady state.
///
/// Sendable, since the memory has one owner and is changed through mutating calls alone.
struct Scratch: ~Copyable, @unchecked Sendable {
    private var base: UnsafeMutablePointer<UInt8>
    private var capacity: Int
    private(set) var count = 0

    /// What one giant record needed is given back at the next record.
    private static let keptCapacity = 1 << 20

    init(capacity: Int = 4096) {
        base = .allocate(capacity: capacity)
        self.capacity = capacity
    }

    deinit { base.deallocate() }

    /// Empties it, with room for `room` bytes: as long as no more are added nothing moves, and pointers into it stay
    /// valid until the next `clear`.
    mutating func clear(room: Int) {
        count = 0
        guard room > capacity || (capacity > Self.keptCapacity && room <= Self.keptCapacity) else { return }
        base.deallocate()
        capacity = max(room, 4096)
        base = .allocate(capacity: capacity)
    }

    /// What has been added since the last `clear`.
    var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: base, count: count) }

    mutating func append(_ bytes: UnsafeRawBufferPointer) {
        precondition(count + bytes.count <= capacity, "less room was asked for than is used")
        guard let source = bytes.baseAddress else { return }
        UnsafeMutableRawPointer(base + count).copyMemory(from: source, byteCount: bytes.count)
        count += bytes.count
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
        precondition(count + content.count <= capacity, "less room was asked for than is used")
        let start = base + count
        let written = JSONString.unescape(content, into: start)
        count += written
        return UnsafeRawBufferPointer(start: start, count: written)
    }
}
