package import Labelling

/// What keeps a partition's watermark where it is.
package struct Holdup: Sendable, Equatable {
    package enum Why: Sendable, Equatable {
        /// The log is being read up to this offset, to form again a batch that another owner had cut.
        case readingUpTo(Int64)
        /// The batch is cut, and no commit has recorded it yet.
        case waitingForCommit
        /// The batch is recorded, and all concurrent places are taken.
        case waitingForPlace
        /// A call is with the API.
        case calling
        /// The API's last answer was no success; the lane tries again.
        case waiting(WaitReason)
        /// Its dead letters are being written.
        case writingDeadLetters
        /// The same dataset has a batch in flight from another partition.
        case datasetBusyElsewhere
        /// The partition's ledger has no room for one more batch in flight: those that are have to settle first.
        case ledgerFull
        /// Its events wait for company, or for their turn.
        case gathering
    }

    package var partition: Int32
    /// The lowest unsettled offset.
    package var offset: Int64
    /// nil: records that belong to no dataset, or a dataset that has not been met again yet.
    package var dataset: DatasetKey?
    package var why: Why
    /// How long the watermark has not moved although there was something to settle.
    package var lasts: Duration
}

/// When a partition last got on.
struct ProgressWatch {
    var watermark: Int64 = -1
    /// Monotonic nanoseconds since when nothing has moved.
    var since: Int64 = 0
    /// Monotonic nanoseconds of the last report.
    var reportedAt: Int64?
}

extension Settlement {
    /// How often the watermarks are looked at: a look at every active lane.
    private static let watchInterval: Int64 = 1_000_000_000

    /// Reports partitions that have something to settle and do not get on, again and again while that lasts.
    func watchProgress(now: Int64) {
        guard now >= nextWatchAt else { return }
        nextWatchAt = now + Self.watchInterval
        let patience = settings.stallAfter.nanoseconds
        for partition in partitions.all {
            let watermark = partition.watermark
            if watermark != partition.watch.watermark || watermark == partition.position {
                partition.watch = ProgressWatch(watermark: watermark, since: now)
                continue
            }
            let quietSince = partition.watch.reportedAt ?? partition.watch.since
            guard now - quietSince >= patience, let holdup = holdup(of: partition, now: now) else { continue }
            partition.watch.reportedAt = now
            actions.append(.notice(.stalled(holdup)))
        }
    }

    /// What keeps each partition's watermark where it is; nothing for a partition that is at its end.
    package func holdups(now: Moment) -> [Holdup] {
        partitions.all.compactMap { holdup(of: $0, now: now.monotonic) }
    }

    private func holdup(of partition: Partition, now: Int64) -> Holdup? {
        let watermark = partition.watermark
        guard watermark < partition.position || partition.isReforming else { return nil }
        func holdup(_ dataset: DatasetKey?, _ why: Holdup.Why) -> Holdup {
            Holdup(
                partition: partition.number, offset: watermark, dataset: dataset, why: why,
                lasts: .nanoseconds(max(0, now - partition.watch.since)))
        }
        if partition.refusals.firstUnsettled == watermark {
            return holdup(nil, partition.refusals.failures > 0 ? .waiting(.deadLettersUnwritten) : .writingDeadLetters)
        }
        for number in partition.active {
            let lane = partition.lanes.lanes[Int(number)]
            guard lane.firstUnsettled == watermark else { continue }
            return holdup(lane.dataset, why(lane, of: partition))
        }
        // Nothing that was read is unsettled: what is, has yet to be read again.
        guard let lowest = partition.reformingCuts.last else {
            return holdup(nil, .readingUpTo(partition.inherited.lastCut))
        }
        return holdup(partition.lane(lowest.lane)?.dataset, .readingUpTo(lowest.cut))
    }

    private func why(_ lane: Lane, of partition: Partition) -> Holdup.Why {
        guard let flight = lane.flight else {
            if isHeldElsewhere(lane, of: partition) { return .datasetBusyElsewhere }
            return partition.room.isFull && !lane.isNamed ? .ledgerFull : .gathering
        }
        return switch flight.phase {
        case .reforming: .readingUpTo(flight.cut)
        case .unrecorded, .recording: .waitingForCommit
        case .ready: .waitingForPlace
        case .calling: .calling
        case .waiting(let reason, _): .waiting(reason)
        case .deadLettering: .writingDeadLetters
        }
    }
}
