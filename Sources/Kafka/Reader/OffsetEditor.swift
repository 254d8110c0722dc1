import CRDKafka

/// Commits for a group from outside, as an operator does: only while the group has no members, or the broker refuses.
package actor OffsetEditor {
    private let executor: ThreadExecutor
    private let handle: ClientHandle

    package nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

    /// - Throws: when a property is refused or no thread can be had.
    package init(properties: KafkaProperties, group: String) throws(KafkaError) {
        var properties = properties
        properties["group.id"] = group
        properties["group.instance.id"] = nil
        properties["enable.auto.commit"] = "false"
        properties["enable.auto.offset.store"] = "false"
        executor = try ThreadExecutor(name: "kafka-editor")
        handle = try ClientHandle(RD_KAFKA_CONSUMER, properties, events: nil, log: { _, _, _ in })
    }

    /// - Throws: what the broker answered, for one that says the group has members too; `_TIMED_OUT` without an answer.
    package func commit(_ commit: OffsetCommit, of topic: String, timeout: Duration) throws(KafkaError) {
        let operation = "commit partition \(commit.partition) of \(topic)"
        let list = PartitionList(topic: topic)
        list.add(commit.partition, offset: commit.offset, metadata: commit.metadata)
        guard let queue = rd_kafka_queue_new(handle.raw) else {
            throw KafkaError(RD_KAFKA_RESP_ERR__CRIT_SYS_RESOURCE, operation)
        }
        defer { rd_kafka_queue_destroy(queue) }
        // On a queue of its own: a plain synchronous commit would wait without limit.
        try KafkaError.check(rd_kafka_commit_queue(handle.raw, list.raw, queue, nil, nil), operation)
        guard let event = rd_kafka_queue_poll(queue, timeout.timeoutMilliseconds) else {
            throw KafkaError(RD_KAFKA_RESP_ERR__TIMED_OUT, operation)
        }
        defer { rd_kafka_event_destroy(event) }
        try KafkaError.check(rd_kafka_event_error(event), operation)
        guard let results = rd_kafka_event_topic_partition_list(event) else { return }
        for index in 0..<Int(results.pointee.cnt) {
            try KafkaError.check(results.pointee.elems[index].err, operation)
        }
    }
}
