internal import Labelling
internal import Logging
internal import ServiceContextModule
internal import Settlement

extension Engine {
    /// The machine has no logger; what it has to say becomes a line here, and is counted.
    func tell(_ notice: Notice) {
        log(notice)
        note(notice)
    }

    private func log(_ notice: Notice) {
        switch notice {
        case .assigned(let partition, let offset, let named, let inFlight):
            logger.info(
                "Partition assigned",
                metadata: [
                    "partition": "\(partition)", "offset": "\(offset)", "datasets_named": "\(named)",
                    "batches_in_flight": "\(inFlight)",
                ])
        case .ledgerIgnored(let partition, let error):
            logger.warning(
                "The ledger beside the committed offset is not to be believed: this partition replays at-least-once",
                metadata: ["partition": "\(partition)", "reason": "\(error)"])
        case .settled(let batch):
            let sent = watch.lanes.sent(batch.dataset, batch.partition)
            ServiceContext.withValue(sent.trace ?? .topLevel) {
                logger.info("Batch settled", metadata: Self.metadata(of: batch, token: sent.token))
            }
        case .waiting(let dataset, let partition, let reason, let message, let delay, let failures):
            logger.log(
                // Once is everyday life; again and again is somebody's concern, but not at every try of every lane.
                level: failures >= 4 && failures.nonzeroBitCount == 1 ? .warning : .debug, "Lane waits",
                metadata: [
                    "dataset": "\(dataset)", "partition": "\(partition)", "reason": "\(reason.rawValue)",
                    "detail": "\(message)", "milliseconds": "\(delay.nanoseconds / 1_000_000)",
                    "failures": "\(failures)",
                ])
        case .halted(let partition, let offset, let rejection):
            logger.error(
                "Halted before a record that is no labelling event: mend its sender, or let it be dead-lettered",
                metadata: ["partition": "\(partition)", "offset": "\(offset)", "reason": "\(rejection)"])
        case .commitFailed(let reason):
            logger.warning("Commit refused", metadata: ["reason": "\(reason)"])
        case .stalled(let holdup):
            logger.warning(
                "A partition does not get on",
                metadata: [
                    "partition": "\(holdup.partition)", "offset": "\(holdup.offset)",
                    "dataset": "\(holdup.dataset.map(\.description) ?? "-")", "why": "\(holdup.why.words)",
                    "seconds": "\(holdup.lasts.components.seconds)",
                ])
        case .noRoom(let partition):
            logger.warning(
                "The ledger is full: nothing new is cut here until something settles",
                metadata: ["partition": "\(partition)"])
        }
    }

    /// `token` is the latest; a batch that was halved had several.
    private static func metadata(of batch: BatchReport, token: String?) -> Logger.Metadata {
        [
            "dataset": "\(batch.dataset)", "partition": "\(batch.partition)", "first": "\(batch.firstOffset)",
            "cut": "\(batch.cut)", "events": "\(batch.events)", "lines": "\(batch.lines)",
            "bytes": "\(batch.bytes)", "calls": "\(batch.calls)", "token": "\(token ?? "-")",
            "milliseconds": "\(batch.duration.nanoseconds / 1_000_000)",
        ]
    }
}
