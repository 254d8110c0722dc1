extension Settlement {
    /// The machine at a glance, for people and metrics. Costs a look at every active lane.
    package struct Summary: Sendable, Equatable {
        package var counters = Counters()
        package var partitions: [Int32] = []
        /// Batches that were cut, or are being re-formed, and have not settled.
        package var inFlight = 0
        /// Lanes that wait for something outside to change.
        package var waiting: [WaitReason: Int] = [:]
        package var heldBytes = 0

        package init() {}
    }

    /// Whether all that there is was read, and everything of it is settled and committed.
    package var isIdle: Bool { partitions.all.allSatisfy { $0.isAtEnd && $0.committedOffset == $0.position } }

    package var summary: Summary {
        var summary = Summary()
        summary.counters = counters
        summary.partitions = partitions.all.map(\.number)
        for partition in partitions.all {
            summary.heldBytes += partition.heldBytes
            if settings.onInvalid == .halt, partition.refusals.head != nil { summary.waiting[.halted, default: 0] += 1 }
            for number in partition.active {
                guard let flight = partition.lanes.lanes[Int(number)].flight else { continue }
                summary.inFlight += 1
                if case .waiting(let reason, _) = flight.phase { summary.waiting[reason, default: 0] += 1 }
            }
        }
        return summary
    }
}
