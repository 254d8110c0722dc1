import CRDKafka

extension ConsumerControl {
    /// Offset that means the first record there is.
    package static let beginning = Int64(RD_KAFKA_OFFSET_BEGINNING)
    /// Offset that means only what is written from now on.
    package static let end = Int64(RD_KAFKA_OFFSET_END)

    /// Starts partitions that the group gave, each at an offset of the delegate's choice (or `beginning`, `end`); those
    /// that are not in the list yet may follow, and keep none of these waiting, nor the group: name none where none is
    /// known yet, or this member cannot join the next rebalance.
    ///
    /// Those that the group did not give, or has taken away in the meantime, are ignored; so are all while closing. Under an
    /// eager protocol those that follow make the others be fetched anew from where they are, so name as many as can be named
    /// at a time.
    package func assign(_ starts: [(partition: Int32, offset: Int64)]) {
        guard closing == nil, awaitingAssign != nil else { return }
        let fresh = starts.filter { awaitingAssign?.remove($0.partition) != nil }
        if awaitingAssign?.isEmpty == true { awaitingAssign = nil }
        if !fresh.isEmpty || !isAssignAnswered { answerAssign(with: fresh) }
    }

    /// Gives up partitions that the group wants back. Idempotent.
    package func unassign(_ partitions: [Int32]) {
        for partition in partitions {
            positions.unassign(partition)
            awaitingUnassign?.remove(partition)
        }
        if awaitingUnassign?.isEmpty == true { completeUnassign() }
    }

    // MARK: - Rebalances, from librdkafka

    func rebalance(
        _ code: rd_kafka_resp_err_t, _ list: UnsafeMutablePointer<rd_kafka_topic_partition_list_t>?
    ) {
        guard let handle else { return }
        let partitions = PartitionList.partitions(of: list)
        switch code {
        case RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS:
            guard closing == nil else {
                // Nothing can come of it any more, so the delegate is not told.
                if partitions.isEmpty { answerClosing(handle) }
                return
            }
            if !isCooperative(handle) { dropAllBut(partitions) }
            given.formUnion(partitions)
            awaitingAssign = partitions.isEmpty ? nil : Set(partitions)
            isAssignAnswered = false
            if partitions.isEmpty { answerAssign(with: []) }
            delegate.partitionsAssigned(partitions, by: self)
        case RD_KAFKA_RESP_ERR__REVOKE_PARTITIONS:
            revoke(partitions.filter { given.remove($0) != nil }, isLost: rd_kafka_assignment_lost(handle.raw) != 0)
        default:
            rebalanceFailed(KafkaError(code, "rebalance"))
        }
    }

    /// Under an eager protocol the group gives everything anew. It may do so without having asked for anything back, where its
    /// topics changed before it had an answer: what it does not give again is somebody else's then.
    private func dropAllBut(_ partitions: [Int32]) {
        let lost = given.subtracting(partitions)
        guard !lost.isEmpty else { return }
        given.subtract(lost)
        started.subtract(lost)
        for partition in lost { positions.unassign(partition) }
        delegate.partitionsLost(lost.sorted(), by: self)
    }

    private func revoke(_ partitions: [Int32], isLost: Bool) {
        awaitingAssign = nil
        // Closing may ask for the rest while some are being given up.
        awaitingUnassign = (awaitingUnassign ?? []).union(partitions)
        collectedUnassign += partitions
        // What still arrives belongs to the next owner.
        for partition in partitions { positions.unassign(partition) }
        if partitions.isEmpty {
            unassign([])
        } else if isLost {
            delegate.partitionsLost(partitions, by: self)
            unassign(partitions)
        } else {
            delegate.partitionsRevoked(partitions, by: self)
        }
    }

    /// The join failed; the documented answer is to hold nothing until the next rebalance. Whatever was held, or was
    /// being given back, may be somebody else's by now.
    func rebalanceFailed(_ error: KafkaError) {
        guard let handle else { return }
        let lost = Set(positions.partitions).union(awaitingUnassign ?? []).sorted()
        given = []
        awaitingAssign = nil
        awaitingUnassign = nil
        collectedUnassign = []
        started = []
        positions.removeAll()
        delegate.consumerFailed(error, by: self)
        if !lost.isEmpty { delegate.partitionsLost(lost, by: self) }
        guard closing == nil else { return answerClosing(handle) }
        report(rd_kafka_assign(handle.raw, nil), "unassign after failed rebalance")
    }

    private func answerAssign(with fresh: [(partition: Int32, offset: Int64)]) {
        guard let handle else { return }
        isAssignAnswered = true
        for start in fresh { positions.assign(start.partition, at: start.offset) }
        let freshNumbers = fresh.map(\.partition)
        pauses.unwant(freshNumbers)
        let isCooperative = isCooperative(handle)
        let starting = isCooperative ? freshNumbers : positions.partitions
        // A pause survives re-assignment. Lifting it before the partition starts cannot move its offset.
        let stale = pauses.held.intersection(starting)
        if !stale.isEmpty {
            let staleList = PartitionList(topic: topic, stale)
            let code = rd_kafka_resume_partitions(handle.raw, staleList.raw)
            pauses.resumed(succeeded(code, staleList, "resume before assign"))
        }
        started.formUnion(freshNumbers)
        let list = PartitionList(topic: topic, capacity: starting.count)
        for partition in starting { list.add(partition, offset: positions.position(of: partition)) }
        if isCooperative {
            report(rd_kafka_incremental_assign(handle.raw, list.raw), "assign")
        } else {
            report(rd_kafka_assign(handle.raw, list.raw), "assign")
        }
        reconcilePauses()
    }

    private func completeUnassign() {
        awaitingUnassign = nil
        guard let handle else { return }
        guard closing == nil else { return answerClosing(handle) }
        if isCooperative(handle) {
            let list = PartitionList(topic: topic, started.intersection(collectedUnassign))
            report(rd_kafka_incremental_unassign(handle.raw, list.raw), "unassign")
            started.subtract(collectedUnassign)
        } else {
            started = []
            positions.removeAll()
            report(rd_kafka_assign(handle.raw, nil), "unassign")
        }
        collectedUnassign = []
    }

    private func isCooperative(_ handle: ClientHandle) -> Bool {
        guard let name = rd_kafka_rebalance_protocol(handle.raw) else { return false }
        return String(cString: name) == "COOPERATIVE"
    }

    func report(_ code: rd_kafka_resp_err_t, _ operation: String) {
        guard code != RD_KAFKA_RESP_ERR_NO_ERROR else { return }
        deferred.append(.failed(KafkaError(code, operation)))
    }

    func report(_ error: OpaquePointer?, _ operation: String) {
        guard let error else { return }
        deferred.append(.failed(KafkaError(consuming: error, operation)))
    }
}
