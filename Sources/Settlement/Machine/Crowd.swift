/// The lanes that wait for company, while memory is short.
struct Crowd {
    private(set) var lanes = 0
    private(set) var bytes = 0
    /// How many lanes would have events, waiting or not, if all partitions had as many as those that have any.
    private var lanesInAll = 0
    /// Those of partitions that are being read.
    private var lanesRead = 0
    private var bytesRead = 0

    init(of partitions: PartitionTable) {
        var lanesWithEvents = 0
        var partitionsWithLanes = 0
        for partition in partitions.all {
            let before = lanesWithEvents
            for number in partition.active {
                let lane = partition.lanes.lanes[Int(number)]
                if lane.flight != nil || !lane.segments.isEmpty { lanesWithEvents += 1 }
                guard lane.flight == nil, !lane.isQueued, let head = lane.segments.first else { continue }
                lanes += 1
                bytes += head.heldBytes
                guard !partition.isPaused else { continue }
                lanesRead += 1
                bytesRead += head.heldBytes
            }
            if lanesWithEvents > before { partitionsWithLanes += 1 }
        }
        lanesInAll = partitionsWithLanes > 0 ? lanesWithEvents * partitions.count / partitionsWithLanes : 0
    }

    /// Whether they hold less than so much on average.
    func isDense(below worthwhile: Int) -> Bool { bytes < lanes * worthwhile }

    /// Whether memory cannot hold so much of each, once all partitions are read. (That they hold little now means nothing:
    /// they may just have begun.)
    func isTooLarge(for budget: Int, each worthwhile: Int) -> Bool { lanesInAll * worthwhile > budget }

    /// What a lane holds on average that is being read.
    var averageBytesRead: Int { lanesRead > 0 ? bytesRead / lanesRead : lanes > 0 ? bytes / lanes : .max }
}
