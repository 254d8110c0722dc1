internal import Labelling
internal import LookoutVision

/// The lanes of one partition, found by a hash of the bytes of the dataset's name: looking one up for an event that is
/// not its first builds no `String`.
struct LaneTable {
    private(set) var lanes: [Lane] = []
    private let hash = KeyedHash.process
    /// Lane numbers plus one; 0 is free. The count is a power of two.
    private var slots = [Int32](repeating: 0, count: 16)

    func lane(project: UnsafeRawBufferPointer, type: DatasetType) -> Lane? {
        var slot = hash(project, type) & (slots.count - 1)
        while slots[slot] != 0 {
            let lane = lanes[Int(slots[slot] - 1)]
            if lane.isOf(project: project, type: type) { return lane }
            slot = (slot + 1) & (slots.count - 1)
        }
        return nil
    }

    func lane(_ key: DatasetKey) -> Lane? {
        var project = key.project
        return project.withUTF8 { lane(project: UnsafeRawBufferPointer($0), type: key.type) }
    }

    /// Its dataset has no lane yet, and its number is the count of lanes.
    mutating func insert(_ lane: Lane) {
        lanes.append(lane)
        if lanes.count * 4 > slots.count * 3 { grow() } else { enter(lane) }
    }

    private mutating func enter(_ lane: Lane) {
        var project = lane.dataset.project
        let home = project.withUTF8 { hash(UnsafeRawBufferPointer($0), lane.dataset.type) }
        var slot = home & (slots.count - 1)
        while slots[slot] != 0 { slot = (slot + 1) & (slots.count - 1) }
        slots[slot] = lane.number + 1
    }

    @inline(__always)
    private func hash(_ project: UnsafeRawBufferPointer, _ type: DatasetType) -> Int {
        Int(truncatingIfNeeded: hash(project)) ^ (type == .test ? 1 : 0)
    }

    private mutating func grow() {
        slots = [Int32](repeating: 0, count: slots.count * 2)
        for lane in lanes { enter(lane) }
    }
}
