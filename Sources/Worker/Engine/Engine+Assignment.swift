internal import Kafka
internal import Logging
internal import Settlement

/// Partitions that the group gave us and whose committed offset, and with it the ledger, is not known yet.
struct PendingAssignment {
    var partitions: Set<Int32> = []
    /// Monotonic nanoseconds of the next try to read them.
    var nextTry: Int64?
}

extension Engine {
    /// How long one question to the cluster may keep the poll thread. Nothing of these partitions is being read
    /// meanwhile, and heartbeats go on by themselves.
    private static let timeout: Duration = .seconds(5)
    private static let pause: Duration = .milliseconds(500)

    func partitionsAssigned(_ partitions: [Int32], by control: ConsumerControl) {
        guard !partitions.isEmpty else { return }
        toAssign.partitions.formUnion(partitions)
        toAssign.nextTry = .min
        readCommittedOffsets(control, now: clock.now)
    }

    func partitionsRevoked(_ partitions: [Int32], by control: ConsumerControl) {
        forgetPending(partitions)
        if hasGivenUp {
            settlement.lose(partitions)
            control.unassign(partitions)
        } else {
            settlement.revoke(partitions, now: clock.now)
        }
    }

    func partitionsLost(_ partitions: [Int32], by control: ConsumerControl) {
        logger.warning("Lost partitions", metadata: ["partitions": "\(partitions)"])
        forgetPending(partitions)
        settlement.lose(partitions)
        for partition in partitions { kept[partition] = nil }
    }

    private func forgetPending(_ partitions: [Int32]) {
        toAssign.partitions.subtract(partitions)
        if toAssign.partitions.isEmpty { toAssign.nextTry = nil }
    }

    /// Takes over the partitions whose offsets can be read; the others are tried again.
    func readCommittedOffsets(_ control: ConsumerControl, now: Moment) {
        guard let nextTry = toAssign.nextTry, nextTry <= now.monotonic else { return }
        do throws(KafkaError) {
            for committed in try control.committed(toAssign.partitions.sorted(), timeout: Self.timeout) {
                if let error = committed.error { throw error }
                let log = try control.watermarks(committed.partition, timeout: Self.timeout)
                takeOver(committed, log: log, control, now: now)
            }
        } catch {
            logger.warning("Cannot read committed offsets yet", metadata: ["error": "\(error)"])
        }
        toAssign.nextTry =
            toAssign.partitions.isEmpty ? nil : clock.now.monotonic + Self.pause.nanoseconds
    }

    private func takeOver(_ committed: CommittedOffset, log: Watermarks, _ control: ConsumerControl, now: Moment) {
        let partition = committed.partition
        var offset = committed.offset
        if let known = offset, known > log.high {
            // A topic made anew under its old name, or a log that was cut back. Waiting for the offset to be reached
            // would skip records without a word.
            logger.error(
                "The committed offset lies beyond the end of the log: reading it from its beginning",
                metadata: ["partition": "\(partition)", "committed": "\(known)", "end": "\(log.high)"])
            offset = nil
        } else if let known = offset, known < log.low {
            logger.error(
                "Records were removed before they were read",
                metadata: ["partition": "\(partition)", "committed": "\(known)", "beginning": "\(log.low)"])
        }
        let beginning = configuration.kafka["auto.offset.reset"] == "latest" ? log.high : log.low
        settlement.assign(
            partition, committed: offset, metadata: offset == nil ? "" : committed.metadata, start: beginning, now: now)
        toAssign.partitions.remove(partition)
        control.assign([(partition, max(offset ?? beginning, log.low))])
    }
}
