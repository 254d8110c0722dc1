internal import CoreMetrics
internal import Kafka
internal import Labelling
internal import Logging
internal import Settlement

/// The look at everything that is ours, about once a second: status, gauges, and the watch over partitions from which
/// nothing comes. (The machine itself watches over what was read and does not settle.)
extension Engine {
    private static let lookInterval: Int64 = 1_000_000_000

    func observe(_ control: ConsumerControl, now: Moment) {
        guard watch.isDue || now.monotonic >= watch.nextLook else { return }
        watch.isDue = false
        watch.nextLook = now.monotonic + Self.lookInterval
        let holdups = Dictionary(
            settlement.holdups(now: now).map { ($0.partition, $0) }, uniquingKeysWith: { first, _ in first })
        for (number, view) in watch.views {
            view.update(
                position: control.position(of: number), cachedHigh: control.cachedHigh(number),
                watermark: holdups[number]?.offset, now: now.monotonic)
        }
        askForLogEnds(now: now.monotonic)
        var status = WorkerStatus(group: configuration.settlement.group, topic: configuration.settlement.topic)
        status.membership = membership
        status.readiness.obstacles = obstacles(now: now.monotonic)
        status.memory.budgetBytes = configuration.settlement.memoryBytes
        status.partitions = watch.views.values.sorted { $0.number < $1.number }.map { view in
            report(view, holdup: holdups[view.number], isPaused: control.isPaused(view.number), now: now)
        }
        metrics.partitionsStalled.record(status.partitions.count { $0.stalledSeconds != nil })
        metrics.ready.record(status.readiness.isReady ? 1 : 0)
        board.publish(status)
    }

    // MARK: - Partitions

    private func report(
        _ view: PartitionView, holdup: Holdup?, isPaused: Bool, now: Moment
    ) -> WorkerStatus.Partition {
        let stalled = view.stalled(patience: configuration.settlement.stallAfter, now: now.monotonic)
        if stalled != nil, holdup == nil { reportSilence(of: view, now: now.monotonic) }
        let lanes = watch.lanes.lanes(of: view.number, now: now.monotonic)
        let published = view.position > view.watermark ? view.timestamps.milliseconds(at: view.watermark) : nil
        let oldest = published.map { Double(max(0, now.wall - $0)) / 1000 }
        view.gauges.lag.record(view.lag)
        view.gauges.oldestUnsettled.record(oldest ?? 0)
        view.gauges.ledger.record(view.ledgerBytes)
        view.gauges.stalled.record(stalled == nil ? 0 : 1)
        return WorkerStatus.Partition(
            partition: view.number, committed: committed[view.number]?.offset, watermark: view.watermark,
            position: view.position, high: view.high, lag: view.lag, ledgerBytes: view.ledgerBytes,
            ledgerLimit: configuration.settlement.ledgerCharacters, isPaused: isPaused,
            lanesInFlight: lanes.inFlight, lanesWaiting: lanes.waiting, lanes: lanes.worst,
            oldestUnsettledSeconds: oldest,
            holdup: holdup?.why.words ?? (stalled == nil ? nil : view.silenceInWords),
            holdupDataset: holdup?.dataset?.description, stalledSeconds: stalled.map { Double($0.nanoseconds) / 1e9 })
    }

    private func reportSilence(of view: PartitionView, now: Int64) {
        let patience = configuration.settlement.stallAfter
        guard now - (view.reportedAt ?? .min / 2) >= patience.nanoseconds else { return }
        view.reportedAt = now
        logger.warning(
            "A partition does not get on",
            metadata: [
                "partition": "\(view.number)", "offset": "\(view.watermark)", "dataset": "-",
                "why": "\(view.silenceInWords)",
                "seconds": "\(view.stalled(patience: patience, now: now)?.components.seconds ?? 0)",
            ])
    }

    // MARK: - The ends of logs

    /// How long a partition may be silent before it is asked about.
    private var silence: Duration { min(max(configuration.settlement.stallAfter / 4, .seconds(1)), .seconds(15)) }

    private func askForLogEnds(now: Int64) {
        guard !watch.isAsking, now >= watch.nextQuestion, !isStopping, !hasGivenUp else { return }
        let silence = silence.nanoseconds
        var silent = watch.views.values.filter { now - $0.silentSince >= silence }.map(\.number)
        // Where nothing is ours, any partition tells whether a broker can be reached.
        if watch.brokersDownSince != nil, silent.isEmpty { silent = [watch.views.keys.min() ?? 0] }
        guard !silent.isEmpty else { return }
        watch.isAsking = true
        requests.yield(.logEnds(silent))
    }

    func learnLogEnds(_ ends: [Int32: Result<Watermarks, KafkaError>], now: Moment) {
        watch.isAsking = false
        watch.nextQuestion = now.monotonic + silence.nanoseconds
        for (partition, end) in ends {
            watch.views[partition]?.learnt(end, now: now.monotonic)
            if case .success = end { watch.brokersAnswer() }
        }
        watch.isDue = true
    }

    // MARK: - Membership and readiness

    private var membership: WorkerStatus.Membership {
        let state: WorkerStatus.Membership.State =
            if isStopping || isClosing {
                .draining
            } else if !revoked.isEmpty {
                .revoking
            } else if !toAssign.partitions.isEmpty {
                .readingOffsets
            } else {
                watch.hasAssignment ? .member : .joining
            }
        return WorkerStatus.Membership(
            state: state, instance: configuration.kafka["group.instance.id"], assignments: watch.assignments,
            revocations: watch.revocations, losses: watch.losses)
    }

    private func obstacles(now: Int64) -> [WorkerStatus.Readiness.Obstacle] {
        var obstacles: [WorkerStatus.Readiness.Obstacle] = []
        func add(_ reason: WorkerStatus.Readiness.Reason, _ detail: String) {
            obstacles.append(WorkerStatus.Readiness.Obstacle(reason: reason, detail: detail))
        }
        if isStopping || isClosing {
            add(.draining, "stopping")
        } else if !watch.hasAssignment {
            add(.notAssigned, "the group has not said which partitions are ours")
        } else if watch.views.isEmpty, !toAssign.partitions.isEmpty {
            // (One partition without a leader is no reason to take the worker, and all its likes, out of service.)
            let error = watch.assignmentError.map { ": \($0)" } ?? ""
            add(.offsetsUnknown, "reading where partitions \(toAssign.partitions.sorted()) begin\(error)")
        }
        if let since = watch.brokersDownSince {
            add(.brokersUnreachable, "no broker can be reached, for \((now - since) / 1_000_000_000) s")
        }
        if let message = watch.access.refusal(now: now) { add(.accessRefused, message) }
        return obstacles
    }
}
