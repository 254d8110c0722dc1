/// The lanes that wait for company, while memory is short.
struct Crowd {
    private(set) var lanes = 0
    private(set) var bytes = 0
    /// Those of partitions that are being read.
    private var lanesRead = 0
    private var bytesRead = 0

    init(of partitions: PartitionTable) {
        for partition in partitions.all {
            for number in partition.active {
                let lane = partition.lanes.lanes[Int(number)]
                guard lane.flight == nil, !lane.isQueued, let head = lane.segments.first else { continue }
                lanes += 1
                bytes += head.heldBytes
                guard !partition.isPaused else { continue }
                lanesRead += 1
                bytesRead += head.heldBytes
            }
        }
    }

    /// Whether they hold less than so much on average.
    func isDense(below worthwhile: Int) -> Bool { bytes < lanes * worthwhile }

    /// What a lane holds on average that is being read.
    var averageBytesRead: Int { lanesRead > 0 ? bytesRead / lanesRead : lanes > 0 ? bytes / lanes : .max }
}
