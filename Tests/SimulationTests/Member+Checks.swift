@testable import Settlement

extension Member {
    /// Batches of its own that were recorded while there was no place for them, and still wait for their first.
    var batchesAhead: Int {
        flights.count { $0.phase == .ready && $0.calls == 0 && $0.cutAt != nil }
    }

    private var flights: [Flight] { machine.partitions.all.flatMap { $0.lanes.lanes.compactMap(\.flight) } }

    /// After a turn: what the machine counts is what there is, every recorded batch stands in one queue, and no place stays
    /// free that somebody waits for.
    func checkCounts(deadline: Int64?) {
        guard !machine.hasGivenUp else { return }
        let flights = flights
        let places = flights.count {
            switch $0.phase {
            case .calling, .deadLettering: true
            default: false
            }
        }
        let unrecorded = flights.count { $0.phase == .unrecorded || $0.phase == .recording }
        let retries = flights.count(where: \.isRetry)
        let concurrency = machine.settings.concurrency
        if places != machine.placesTaken { report("counts \(machine.placesTaken) places, and \(places) are taken") }
        if places > concurrency { report("has \(places) batches at a time, and \(concurrency) are allowed") }
        if unrecorded != machine.unrecordedCount {
            report("counts \(machine.unrecordedCount) unrecorded batches of \(unrecorded)")
        }
        if retries != machine.placesOfRetries { report("counts \(machine.placesOfRetries) retries of \(retries)") }
        checkQueues(deadline: deadline)
    }

    private func checkQueues(deadline: Int64?) {
        var places: [LaneReference: Int] = [:]
        let queues = [machine.lanesToCall, machine.lanesToRetry] + machine.waitersForDataset.values
        for reference in queues.joined() { places[reference, default: 0] += 1 }
        for partition in machine.partitions.all where !partition.isLeaving {
            for lane in partition.lanes.lanes where lane.flight?.phase == .ready {
                let count = places[partition.reference(to: lane.number)] ?? 0
                if count != 1 { report("has a recorded batch of \(lane.dataset) that stands in \(count) queues") }
            }
        }
        guard machine.stopping == nil, machine.placesTaken < machine.settings.concurrency else { return }
        let isAwaited = machine.lanesToCall.contains { machine.lane($0).map { !$0.0.isLeaving } ?? false }
        if isAwaited, deadline ?? .max > world.now { report("leaves a place free that a recorded batch waits for") }
    }

    private func report(_ text: String) { world.report("worker \(key) \(text)") }
}
