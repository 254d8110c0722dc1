import CRDKafka

extension ConsumerControl {
    /// Stops fetching partitions; their prefetched messages are thrown away, so do it seldom. Idempotent.
    ///
    /// Where it fails, that is told by `consumerFailed`, and it is tried again for as long as it is wanted.
    package func pause(_ partitions: [Int32]) {
        pauses.want(partitions.filter(isAssigned))
        reconcilePauses()
    }

    /// Goes on fetching partitions, exactly where delivery stopped; those not paused are left alone. Idempotent.
    ///
    /// Where it fails, that is told by `consumerFailed`, and it is tried again for as long as it is wanted.
    package func resume(_ partitions: [Int32]) {
        pauses.unwant(partitions)
        reconcilePauses()
    }

    /// Reads an assigned partition again from a lower offset; a paused one does so once it is resumed.
    ///
    /// Pausing throws away what was fetched ahead, so that no record from before the rewind comes after it; resuming
    /// seeks to the position.
    /// - Returns: whether the next record comes from `offset` or, where that is gone, above it.
    package func rewind(_ partition: Int32, to offset: Int64) -> Bool {
        guard isAssigned(partition) else { return false }
        let isWanted = pauses.wanted.contains(partition)
        if !isWanted { pause([partition]) }
        let isPaused = isPaused(partition)
        if isPaused { positions.rewind(partition, to: offset) }
        if !isWanted { resume([partition]) }
        return isPaused
    }

    /// Whether this partition is paused.
    package func isPaused(_ partition: Int32) -> Bool { pauses.held.contains(partition) && isAssigned(partition) }

    func isAssigned(_ partition: Int32) -> Bool { positions.position(of: partition) != nil }

    /// Tries again what has failed, once its time has come.
    func retryPauses(now: ContinuousClock.Instant) {
        if let due = pauses.retryAt, due <= now { reconcilePauses() }
    }

    func reconcilePauses() {
        // These calls wait for an answer too, which closing may lose.
        guard let handle, closing == nil else { return }
        let pausing = pauses.toPause(isAssigned)
        if !pausing.isEmpty {
            let list = PartitionList(topic: topic, pausing)
            pauses.paused(succeeded(rd_kafka_pause_partitions(handle.raw, list.raw), list, "pause"))
            alarm.partitionsChanged(now: .now)
        }
        let resuming = sought(pauses.toResume(isAssigned), handle)
        if !resuming.isEmpty {
            let list = PartitionList(topic: topic, resuming)
            pauses.resumed(succeeded(rd_kafka_resume_partitions(handle.raw, list.raw), list, "resume"))
            alarm.partitionsChanged(now: .now)
        }
        pauses.tried(now: .now, isAssigned)
    }

    /// Tells paused partitions where to go on: one paused before its first record has forgotten its start (librdkafka
    /// issue 2190).
    ///
    /// - Returns: those that were told; the others must stay paused, lest they go on elsewhere.
    private func sought(_ partitions: [Int32], _ handle: ClientHandle) -> [Int32] {
        guard !partitions.isEmpty else { return [] }
        let list = PartitionList(topic: topic)
        for partition in partitions { list.add(partition, offset: positions.position(of: partition)) }
        // Time-out 0 starts the seeks and returns; other time-outs are 1000 times too short before 2.1.0.
        if let error = rd_kafka_seek_partitions(handle.raw, list.raw, 0) {
            report(error, "seek before resume")
            return []
        }
        var told: [Int32] = []
        list.visit { element in
            // What was started is in progress.
            if element.err == RD_KAFKA_RESP_ERR_NO_ERROR || element.err == RD_KAFKA_RESP_ERR__IN_PROGRESS {
                told.append(element.partition)
            } else {
                report(element.err, "seek partition \(element.partition) before resume")
            }
        }
        return told
    }

    /// The partitions of a pause or resume that went well; the others are reported.
    func succeeded(
        _ code: rd_kafka_resp_err_t, _ list: borrowing PartitionList, _ operation: String
    ) -> [Int32] {
        guard code == RD_KAFKA_RESP_ERR_NO_ERROR else {
            report(code, operation)
            return []
        }
        var partitions: [Int32] = []
        list.visit { element in
            report(element.err, "\(operation) partition \(element.partition)")
            if element.err == RD_KAFKA_RESP_ERR_NO_ERROR { partitions.append(element.partition) }
        }
        return partitions
    }
}
