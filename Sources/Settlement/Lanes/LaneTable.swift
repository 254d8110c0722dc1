internal import Labelling
internal import LookoutVision

/// The lanes of one partition, found by a hash of the bytes of the dataset's name: looking one up for an event that is
/// not its first builds no `String`.
///
/// Hashes and names lie in memory of the table's own, close together, so that a look-up neither goes from one object to
/// the next nor retains any.
final class LaneTable {
    private(set) var lanes: [Lane] = []
    private let hash = KeyedHash.process
    /// The count is a power of two, and at least a quarter is free.
    private var slots = LaneTable.freeSlots(16)
    /// The projects' names, one after the other.
    private var names = UnsafeMutableRawBufferPointer.allocate(byteCount: 256, alignment: 8)
    private var namesEnd = 0

    private typealias Slots = UnsafeMutableBufferPointer<Slot>

    private struct Slot {
        /// Of the name, and in its lowest bit of the type: of a project's two lanes it differs.
        var hash: UInt64 = 0
        /// Of the project's name, in `names`.
        var start: Int32 = 0
        var count: Int16 = 0
        /// The lane's number; -1 where the slot is free.
        var lane: Int32 = -1
    }

    deinit {
        slots.deallocate()
        names.deallocate()
    }

    @inline(__always)
    func borrowed(project: UnsafeRawBufferPointer, type: DatasetType) -> Borrowed<Lane>? {
        let hash = hash(of: project, type)
        var position = Int(truncatingIfNeeded: hash) & (slots.count - 1)
        while slots[position].lane >= 0 {
            let slot = slots[position]
            if slot.hash == hash, name(slot).hasBytes(of: project) {
                return Borrowed(lanes[Int(slot.lane)])
            }
            position = (position + 1) & (slots.count - 1)
        }
        return nil
    }

    func lane(_ key: DatasetKey) -> Lane? {
        var project = key.project
        return project.withUTF8 { borrowed(project: UnsafeRawBufferPointer($0), type: key.type)?.owned }
    }

    /// Its dataset has no lane yet, and its number is the count of lanes.
    func insert(_ lane: Lane) {
        lanes.append(lane)
        if lanes.count * 4 > slots.count * 3 { grow() }
        var project = lane.dataset.project
        project.withUTF8 { name in
            let name = UnsafeRawBufferPointer(name)
            if namesEnd + name.count > names.count { growNames(by: name.count) }
            UnsafeMutableRawBufferPointer(rebasing: names[namesEnd...]).copyMemory(from: name)
            enter(
                Slot(
                    hash: hash(of: name, lane.dataset.type), start: Int32(namesEnd), count: Int16(name.count),
                    lane: lane.number))
            namesEnd += name.count
        }
    }

    private func enter(_ slot: Slot) {
        var position = Int(truncatingIfNeeded: slot.hash) & (slots.count - 1)
        while slots[position].lane >= 0 { position = (position + 1) & (slots.count - 1) }
        slots[position] = slot
    }

    @inline(__always)
    private func name(_ slot: Slot) -> UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(rebasing: names[Int(slot.start)..<(Int(slot.start) + Int(slot.count))])
    }

    @inline(__always)
    private func hash(of project: UnsafeRawBufferPointer, _ type: DatasetType) -> UInt64 {
        // (To compare it by `==` would go by way of its protocol, for every event.)
        switch type {
        case .train: hash(project)
        case .test: hash(project) ^ 1
        }
    }

    private func grow() {
        let old = slots
        slots = Self.freeSlots(old.count * 2)
        for slot in old where slot.lane >= 0 { enter(slot) }
        old.deallocate()
    }

    private func growNames(by count: Int) {
        let old = names
        names = .allocate(byteCount: old.count * 2 + count, alignment: 8)
        names.copyMemory(from: UnsafeRawBufferPointer(old))
        old.deallocate()
    }

    private static func freeSlots(_ count: Int) -> Slots {
        let slots = Slots.allocate(capacity: count)
        slots.initialize(repeating: Slot())
        return slots
    }
}
