import CRDKafka

extension ConsumerControl {
    /// Commits an explicit list, asynchronously; the outcome comes through `commitFinished` within the deadline.
    ///
    /// An explicit list is the only way that keeps metadata (`offsets_store` drops it before 2.2.0, and any commit
    /// without metadata erases what is stored). A synchronous commit would wait without limit.
    ///
    /// Precondition: no commit is outstanding. librdkafka parks a commit while the coordinator is away and may send
    /// it later under a newer generation; with one at a time an old one cannot overtake a new one unseen.
    package func commit(_ commits: [OffsetCommit], deadline: Duration) -> CommitID {
        precondition(outstandingCommit == nil, "one commit at a time")
        lastCommit += 1
        let id = CommitID(number: lastCommit)
        guard !commits.isEmpty else {
            deferred.append(.commitFinished(id, .resolved([])))
            return id
        }
        do throws(KafkaError) {
            let handle = try liveHandle("commit offsets")
            let list = PartitionList(topic: topic, capacity: commits.count)
            for commit in commits {
                guard !commit.metadata.utf8.contains(0), commit.offset >= 0 else {
                    throw KafkaError(
                        RD_KAFKA_RESP_ERR__INVALID_ARG, "commit offsets",
                        message: "partition \(commit.partition): negative offset, or NUL in metadata")
                }
                list.add(commit.partition, offset: commit.offset, metadata: commit.metadata)
            }
            // (A callback, since while the consumer waits the consumer queue is polled for it.)
            let code = rd_kafka_commit_queue(
                handle.raw, list.raw, results,
                { rk, code, list, opaque in
                    let control = ClientCallbacks.events(of: rk) as? ConsumerControl
                    control?.committed(CommitID(number: Int(bitPattern: opaque)), code, list)
                    rd_kafka_yield(rk)
                }, UnsafeMutableRawPointer(bitPattern: id.number))
            try KafkaError.check(code, "commit offsets")
            outstandingCommit = (id, .now + deadline)
        } catch {
            deferred.append(.commitFinished(id, .failed(error)))
        }
        return id
    }

    /// librdkafka's answer; one that comes after the deadline has been answered for already.
    func committed(
        _ id: CommitID, _ code: rd_kafka_resp_err_t,
        _ list: UnsafeMutablePointer<rd_kafka_topic_partition_list_t>?
    ) {
        guard outstandingCommit?.id == id else { return }
        outstandingCommit = nil
        var results: [(partition: Int32, error: KafkaError?)] = []
        let failure = code == RD_KAFKA_RESP_ERR_NO_ERROR ? nil : KafkaError(code, "commit offsets")
        var hasOwnErrors = false
        PartitionList.visit(list) { element in
            let own = element.err == RD_KAFKA_RESP_ERR_NO_ERROR ? nil : KafkaError(element.err, "commit offset")
            hasOwnErrors = hasOwnErrors || own != nil
            results.append((element.partition, own ?? failure))
        }
        // A failure of the whole request says nothing about single partitions.
        if let failure, !hasOwnErrors {
            delegate.commitFinished(id, .failed(failure), by: self)
        } else {
            delegate.commitFinished(id, .resolved(results), by: self)
        }
    }

    /// Gives up on a commit whose time is over.
    func expireCommit(now: ContinuousClock.Instant) {
        guard let commit = outstandingCommit, commit.deadline <= now else { return }
        outstandingCommit = nil
        delegate.commitFinished(commit.id, .timedOut, by: self)
    }
}
