internal import Kafka
internal import Logging
internal import Settlement

/// Partitions that the group gave us and whose committed offset, and with it the ledger, is not known yet.
struct PendingAssignment {
    var partitions: Set<Int32> = []
    /// Monotonic nanoseconds of the next try to read them.
    var nextTry: Int64?
    /// How often a committed offset was seen beyond the end of its log.
    var looksBeyondEnd: [Int32: Int] = [:]
    /// Tries in a row in which something could not be read.
    var failures = 0
    /// What was said last of partitions that cannot be read, and when (monotonic nanoseconds).
    var said: (error: KafkaError, at: Int64)?
}

extension Engine {
    /// How long one question to the cluster may keep the poll thread. Heartbeats go on by themselves, but answers, commit
    /// results and a wish to stop wait meanwhile.
    private static let timeout: Duration = .seconds(2)
    private static let pause: Duration = .milliseconds(500)
    /// How often a log must end below the committed offset before that is believed.
    private static let looksBeforeBelief = 5
    /// After how many nanoseconds the same is said again of partitions that cannot be read.
    private static let reminder: Int64 = 10_000_000_000

    func partitionsAssigned(_ partitions: [Int32], by control: ConsumerControl) {
        takeInAll()
        metrics.rebalance(.assigned)
        watch.wasAssigned()
        // Each assignment replaces one that was not answered yet.
        toAssign = PendingAssignment()
        guard !partitions.isEmpty else { return }
        // A stop takes nothing on, and closing leaves without an answer to this.
        guard !isStopping else { return }
        toAssign = PendingAssignment(partitions: Set(partitions), nextTry: .min)
        readCommittedOffsets(control, now: clock.now)
    }

    func partitionsRevoked(_ partitions: [Int32], by control: ConsumerControl) {
        takeInAll()
        metrics.rebalance(.revoked)
        watch.revocations += 1
        toAssign = PendingAssignment()
        watch.isDue = true
        guard !hasGivenUp else { return control.unassign(partitions) }
        revoked.formUnion(partitions)
        settlement.revoke(partitions, now: clock.now)
    }

    func partitionsLost(_ partitions: [Int32], by control: ConsumerControl) {
        takeInAll()
        metrics.rebalance(.lost)
        watch.losses += 1
        logger.warning("Lost partitions", metadata: ["partitions": "\(partitions)"])
        toAssign = PendingAssignment()
        settlement.lose(partitions)
        forget(partitions)
    }

    func unassign(_ partitions: [Int32], _ control: ConsumerControl) {
        forget(partitions)
        control.unassign(partitions)
    }

    private func forget(_ partitions: [Int32]) {
        for partition in partitions {
            kept.drop(partition)
            committed[partition] = nil
            revoked.remove(partition)
        }
        watch.drop(partitions)
    }

    /// Takes over the partitions whose offsets can be read; the others are tried again.
    func readCommittedOffsets(_ control: ConsumerControl, now: Moment) {
        guard let nextTry = toAssign.nextTry, nextTry <= now.monotonic else { return }
        // All in one: each further one makes those before it be fetched anew.
        var starts: [(partition: Int32, offset: Int64)] = []
        defer { control.assign(starts) }
        do throws(KafkaError) {
            var failure: KafkaError?
            let end = ContinuousClock.now + Self.timeout
            // In any order, so that none that cannot be read always comes before the same others.
            for found in try control.committed(toAssign.partitions.sorted(), timeout: Self.timeout).shuffled() {
                if let error = found.error {
                    failure = failure ?? error
                    continue
                }
                // One partition without a leader must not keep its neighbours, nor the thread for longer than one.
                guard ContinuousClock.now < end else { break }
                do throws(KafkaError) {
                    let log = try control.watermarks(found.partition, timeout: patienceWithLogs)
                    if let offset = takeOver(found, log: log, now: now) { starts.append((found.partition, offset)) }
                } catch {
                    failure = failure ?? error
                }
            }
            if let failure { throw failure }
            toAssign.failures = 0
            watch.assignmentError = nil
        } catch {
            toAssign.failures += 1
            watch.assignmentError = error
            if toAssign.said?.error != error || now.monotonic - (toAssign.said?.at ?? 0) >= Self.reminder {
                toAssign.said = (error, now.monotonic)
                logger.warning(
                    "Cannot read where to begin; trying again",
                    metadata: ["partitions": "\(toAssign.partitions.sorted())", "error": "\(error)"])
            }
        }
        guard !toAssign.partitions.isEmpty else { return toAssign.nextTry = nil }
        // A question that is not answered keeps the thread, and so the partitions that are read already.
        let patience = watch.views.isEmpty ? 0 : min(max(0, toAssign.failures - 1), 3)
        toAssign.nextTry = clock.now.monotonic + (Self.pause * (1 << patience)).nanoseconds
    }

    /// - Returns: where to begin; nil where that is to be looked at again.
    private func takeOver(_ found: CommittedOffset, log: Watermarks, now: Moment) -> Int64? {
        let partition = found.partition
        var offset = found.offset
        if let known = offset, known > log.high {
            // A leader that has just been elected may not know yet how far its log is acknowledged.
            toAssign.looksBeyondEnd[partition, default: 0] += 1
            if toAssign.looksBeyondEnd[partition] == 1 {
                logger.warning(
                    "The committed offset lies beyond the end of the log: looking again before that is believed",
                    metadata: ["partition": "\(partition)", "committed": "\(known)", "end": "\(log.high)"])
            }
            guard toAssign.looksBeyondEnd[partition] == Self.looksBeforeBelief else { return nil }
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
        committed[partition] = found.offset.map {
            OffsetCommit(partition: partition, offset: $0, metadata: found.metadata)
        }
        let beginning = startsAtEnd ? log.high : log.low
        settlement.assign(
            partition, committed: offset, metadata: offset == nil ? "" : found.metadata, start: beginning, now: now)
        toAssign.partitions.remove(partition)
        watch.add(
            PartitionView(
                partition, offset: max(offset ?? beginning, log.low), high: log.high,
                ledgerBytes: offset == nil ? 0 : found.metadata.utf8.count, gauges: metrics.partition(partition),
                now: now.monotonic))
        return max(offset ?? beginning, log.low)
    }

    /// A broker answers the requests of a connection one after the other. Once anything is being fetched, the two questions
    /// about a log's ends may each wait behind a fetch that waits for records.
    private var patienceWithLogs: Duration {
        guard !watch.views.isEmpty else { return Self.timeout / 4 }
        let fetch = configuration.kafka["fetch.wait.max.ms"].flatMap { Int($0) } ?? Consumer.defaultFetchWait
        return Self.timeout / 4 + .milliseconds(2 * fetch)
    }

    /// The property has three names for each end.
    private var startsAtEnd: Bool {
        ["latest", "largest", "end"].contains(configuration.kafka["auto.offset.reset"] ?? "")
    }
}
