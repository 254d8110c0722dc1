import CRDKafka

extension ConsumerControl {
    /// Offset that means the first record there is.
    package static let beginning = Int64(RD_KAFKA_OFFSET_BEGINNING)
    /// Offset that means only what is written from now on.
    package static let end = Int64(RD_KAFKA_OFFSET_END)

    /// Starts partitions that the group gave, each at an offset of the delegate's choice (or `beginning`, `end`).
    ///
    /// librdkafka is told once every partition of the rebalance has its offset; those in other lists are ignored,
    /// since they may have been taken away in the meantime.
    package func assign(_ starts: [(partition: Int32, offset: Int64)]) {
        guard awaitingAssign != nil else { return }
        for start in starts where awaitingAssign?.remove(start.partition) != nil {
            collectedAssign.append(start)
        }
        if awaitingAssign?.isEmpty == true { completeAssign() }
    }

    /// Gives up partitions that the group wants back. Idempotent.
    package func unassign(_ partitions: [Int32]) {
        for partition in partitions {
            positions.unassign(partition)
            awaitingUnassign?.remove(partition)
        }
        if awaitingUnassign?.isEmpty == true { completeUnassign() }
    }

    /// Stops fetching partitions; their prefetched messages are thrown away, so do it seldom. Idempotent.
    package func pause(_ partitions: [Int32]) {
        let wanted = partitions.filter { !paused.contains($0) && positions.position(of: $0) != nil }
        guard let handle, !wanted.isEmpty else { return }
        let list = PartitionList(topic: topic, wanted)
        let code = rd_kafka_pause_partitions(handle.raw, list.raw)
        for partition in succeeded(code, list, "pause") { paused.insert(partition) }
    }

    /// Goes on fetching partitions, exactly where delivery stopped. Those not paused are left alone: resuming
    /// them would send librdkafka (before 2.4.0) back to an old offset. Idempotent.
    package func resume(_ partitions: [Int32]) {
        let wanted = partitions.filter { paused.contains($0) && positions.position(of: $0) != nil }
        guard let handle, !wanted.isEmpty else { return }
        let list = PartitionList(topic: topic)
        for partition in wanted { list.add(partition, offset: positions.position(of: partition)) }
        // A partition paused before its first record has forgotten its start (librdkafka issue 2190), so it is told
        // again, while paused. Time-out 0 starts the seek and returns; other time-outs are 1000 times too short
        // before 2.1.0.
        if let error = rd_kafka_seek_partitions(handle.raw, list.raw, 0) {
            deferred.append(.failed(KafkaError(consuming: error, "seek before resume")))
        }
        let code = rd_kafka_resume_partitions(handle.raw, list.raw)
        for partition in succeeded(code, list, "resume") { paused.remove(partition) }
    }

    /// Reads an assigned partition again from a lower offset; a paused one does so once it is resumed.
    ///
    /// Pausing throws away what was fetched ahead, so that no record from before the rewind comes after it; resuming
    /// seeks to the position.
    /// - Returns: whether the next record comes from `offset` or, where that is gone, above it.
    package func rewind(_ partition: Int32, to offset: Int64) -> Bool {
        guard positions.position(of: partition) != nil else { return false }
        let wasPaused = isPaused(partition)
        if !wasPaused {
            pause([partition])
            guard isPaused(partition) else { return false }
        }
        positions.rewind(partition, to: offset)
        if !wasPaused { resume([partition]) }
        return true
    }

    /// Whether this partition is paused by `pause`.
    package func isPaused(_ partition: Int32) -> Bool {
        paused.contains(partition) && positions.position(of: partition) != nil
    }

    // MARK: - Rebalances, from librdkafka

    func rebalance(
        _ code: rd_kafka_resp_err_t, _ list: UnsafeMutablePointer<rd_kafka_topic_partition_list_t>?
    ) {
        guard let handle else { return }
        let partitions = PartitionList.partitions(of: list)
        switch code {
        case RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS:
            awaitingAssign = Set(partitions)
            collectedAssign = []
            if partitions.isEmpty { completeAssign() }
            delegate.partitionsAssigned(partitions, by: self)
        case RD_KAFKA_RESP_ERR__REVOKE_PARTITIONS:
            awaitingAssign = nil
            awaitingUnassign = Set(partitions)
            collectedUnassign = partitions
            // What still arrives belongs to the next owner.
            for partition in partitions { positions.unassign(partition) }
            if partitions.isEmpty {
                completeUnassign()
            } else if rd_kafka_assignment_lost(handle.raw) != 0 {
                delegate.partitionsLost(partitions, by: self)
                unassign(partitions)
            } else {
                delegate.partitionsRevoked(partitions, by: self)
            }
        default:
            // The join failed; the documented answer is to hold nothing until the next rebalance.
            positions.removeAll()
            report(rd_kafka_assign(handle.raw, nil), "unassign after failed rebalance")
            delegate.consumerFailed(KafkaError(code, "rebalance"), by: self)
        }
    }

    /// Answers an assignment that nobody needs any more, with nothing.
    func abandonAssign() {
        guard awaitingAssign != nil else { return }
        collectedAssign = []
        completeAssign()
    }

    private func completeAssign() {
        awaitingAssign = nil
        guard let handle else { return }
        let list = PartitionList(topic: topic, capacity: collectedAssign.count)
        for start in collectedAssign { list.add(start.partition, offset: start.offset) }
        // A pause survives re-assignment. Lifting it before the partition starts cannot move its offset.
        let stale = paused.intersection(collectedAssign.map(\.partition))
        if !stale.isEmpty {
            let staleList = PartitionList(topic: topic, stale)
            let code = rd_kafka_resume_partitions(handle.raw, staleList.raw)
            for partition in succeeded(code, staleList, "resume before assign") { paused.remove(partition) }
        }
        for start in collectedAssign { positions.assign(start.partition, at: start.offset) }
        collectedAssign = []
        if isCooperative(handle) {
            report(rd_kafka_incremental_assign(handle.raw, list.raw), "assign")
        } else {
            report(rd_kafka_assign(handle.raw, list.raw), "assign")
        }
    }

    private func completeUnassign() {
        awaitingUnassign = nil
        guard let handle else { return }
        if isCooperative(handle) {
            let list = PartitionList(topic: topic, collectedUnassign)
            report(rd_kafka_incremental_unassign(handle.raw, list.raw), "unassign")
        } else {
            positions.removeAll()
            report(rd_kafka_assign(handle.raw, nil), "unassign")
        }
        collectedUnassign = []
    }

    private func isCooperative(_ handle: ClientHandle) -> Bool {
        guard let name = rd_kafka_rebalance_protocol(handle.raw) else { return false }
        return String(cString: name) == "COOPERATIVE"
    }

    private func report(_ code: rd_kafka_resp_err_t, _ operation: String) {
        guard code != RD_KAFKA_RESP_ERR_NO_ERROR else { return }
        deferred.append(.failed(KafkaError(code, operation)))
    }

    private func report(_ error: OpaquePointer?, _ operation: String) {
        guard let error else { return }
        deferred.append(.failed(KafkaError(consuming: error, operation)))
    }

    /// The partitions of a pause or resume that went well; the others are reported.
    private func succeeded(
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
