/// From a source-ref to the latest event that carries it: open addressing over event numbers, so that an event costs
/// no allocation and no `String`.
struct SourceRefIndex: Sendable {
    /// The upper half of a slot is the upper half of the hash, the lower half the event's number plus one; 0 is free.
    /// The count is a power of two, or zero before the first event.
    private var slots: [UInt64] = []
    private var count = 0

    /// Has room for so many events without growing.
    init(capacity: Int = 0) {
        guard capacity > 0 else { return }
        // Full by three quarters at most.
        var size = 16
        while size * 3 < capacity * 4 { size *= 2 }
        slots = [UInt64](repeating: 0, count: size)
    }

    /// Where the search for `hash` begins; makes room for one more first.
    mutating func firstSlot(for hash: UInt64) -> Int {
        if (count + 1) * 4 > slots.count * 3 { grow() }
        return home(of: hash)
    }

    func slot(after slot: Int) -> Int { (slot + 1) & (slots.count - 1) }

    /// The event in the slot; nil where the slot is free and the search ends.
    func event(at slot: Int) -> Int? {
        slots[slot] == 0 ? nil : Int(slots[slot] & 0xFFFF_FFFF) - 1
    }

    func mayMatch(_ hash: UInt64, at slot: Int) -> Bool { slots[slot] >> 32 == hash >> 32 }

    mutating func set(_ event: Int, hash: UInt64, at slot: Int) {
        if slots[slot] == 0 { count += 1 }
        slots[slot] = (hash & ~0xFFFF_FFFF) | UInt64(event + 1)
    }

    /// The upper half of the hash alone decides, since it is all that a slot keeps.
    private func home(of hash: UInt64) -> Int { Int(hash >> 32) & (slots.count - 1) }

    private mutating func grow() {
        let old = slots
        slots = [UInt64](repeating: 0, count: max(16, old.count * 2))
        for entry in old where entry != 0 {
            var slot = home(of: entry)
            while slots[slot] != 0 { slot = self.slot(after: slot) }
            slots[slot] = entry
        }
    }
}
