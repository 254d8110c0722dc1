internal import Labelling
internal import LookoutVision

/// What becomes of the ledger that came with the partition, while the log is read again.
extension Partition {
    /// Whether lanes that the inherited ledger does not name may still be unmet.
    var isReadingInheritance: Bool { position <= inherited.top }

    /// Whether the log has yet to be read up to the cut of a batch that another owner had in flight.
    var isReforming: Bool { position <= inherited.lastCut }

    /// Kept by the partition.
    func borrowedLane(project: UnsafeRawBufferPointer, type: DatasetType) -> Borrowed<Lane> {
        lanes.borrowed(project: project, type: type)
            ?? Borrowed(meet(DatasetKey(project: String(decoding: project, as: UTF8.self), type: type)))
    }

    /// A dataset's lane begins where the inherited ledger says that it is.
    private func meet(_ dataset: DatasetKey) -> Lane {
        let digest = LaneDigest(dataset)
        let lane = Lane(
            number: Int32(lanes.lanes.count), dataset: dataset, digest: digest, settled: inherited.level(of: digest))
        lanes.insert(lane)
        if let other = laneOfHash.updateValue(lane.number, forKey: digest.hash) {
            lane.hasCommonHash = true
            self.lane(other)?.hasCommonHash = true
        }
        if let entry = unmet[digest.hash] {
            // (It stays there: should it be another lane's, nothing that it says is about events of this one.)
            lane.isKnownByHash = true
            restore(entry, to: lane)
        }
        return lane
    }

    func restore(_ entry: Ledger.Entry) {
        switch entry.name {
        case .noDataset:
            refusals = RefusalLane(
                settled: entry.settled, lastSettledEvent: entry.settled >= committedOffset ? entry.settled : -1)
        case .dataset(let dataset): restore(entry, to: lanes.lane(dataset) ?? meet(dataset))
        case .hash(let hash): unmet[hash] = entry
        }
    }

    private func restore(_ entry: Ledger.Entry, to lane: Lane) {
        lane.isNamed = true
        lane.settled = entry.settled
        lane.lastSettledEvent = entry.settled >= committedOffset ? entry.settled : -1
        if let inFlight = entry.inFlight {
            lane.flight = Flight(reforming: inFlight)
            let place = reformingCuts.firstIndex { $0.cut <= inFlight.cut } ?? reformingCuts.endIndex
            reformingCuts.insert((inFlight.cut, lane.number), at: place)
        }
        activate(lane)
    }

    /// What a ledger must go on saying of lanes that have not been met.
    var unmetEntries: [Ledger.Entry] {
        unmet.values.compactMap { entry in
            // Met meanwhile: the lane speaks for itself.
            if case .hash(let hash) = entry.name, laneOfHash[hash] != nil { return nil }
            var entry = entry
            if let cut = entry.inFlight?.cut, cut < position {
                // Every event of the batch was removed from the log.
                entry.settled = cut
                entry.inFlight = nil
            }
            return entry
        }.sorted(by: Ledger.precedes)
    }

    /// Forgets what was said of lanes that nobody will meet any more: none of their events was left in the log.
    func forgetUnmet() {
        guard !unmet.isEmpty, !isReadingInheritance else { return }
        unmet = unmet.filter { $1.settled >= position || $1.inFlight?.cut ?? -1 >= position }
    }
}
