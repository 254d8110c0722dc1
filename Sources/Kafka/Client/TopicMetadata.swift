import CRDKafka

/// One question to the cluster about one topic; librdkafka keeps the answer, its partitions' leaders included.
enum TopicMetadata {
    /// Asks, by a blocking call. `body` takes the answer, which lives no longer than the call; nil where none came.
    static func query<Value>(
        _ handle: ClientHandle, topic: String, timeout: Duration, _ operation: String,
        _ body: (rd_kafka_metadata?) throws(KafkaError) -> Value
    ) throws(KafkaError) -> Value {
        guard let handleForTopic = rd_kafka_topic_new(handle.raw, topic, nil) else {
            throw KafkaError(rd_kafka_last_error(), operation)
        }
        defer { rd_kafka_topic_destroy(handleForTopic) }
        var metadata: UnsafePointer<rd_kafka_metadata>?
        try KafkaError.check(
            rd_kafka_metadata(handle.raw, 0, handleForTopic, &metadata, timeout.timeoutMilliseconds), operation)
        defer { if let metadata { rd_kafka_metadata_destroy(metadata) } }
        return try body(metadata?.pointee)
    }
}
