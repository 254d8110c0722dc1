import CRDKafka

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// The owner of an `rd_kafka_topic_partition_list_t` about one topic.
struct PartitionList: ~Copyable {
    let raw: UnsafeMutablePointer<rd_kafka_topic_partition_list_t>
    private let topic: String

    init(topic: String, capacity: Int = 0) {
        self.topic = topic
        // Allocation failure aborts inside librdkafka, as it does in Swift.
        raw = rd_kafka_topic_partition_list_new(Int32(clamping: capacity))
    }

    init(topic: String, _ partitions: some Sequence<Int32>) {
        self.init(topic: topic)
        for partition in partitions { add(partition) }
    }

    deinit {
        rd_kafka_topic_partition_list_destroy(raw)
    }

    func add(_ partition: Int32, offset: Int64? = nil, metadata: String? = nil) {
        guard let element = rd_kafka_topic_partition_list_add(raw, topic, partition) else { return }
        if let offset { element.pointee.offset = offset }
        if let metadata, let copy = strdup(metadata) {
            // Freed with the list.
            element.pointee.metadata = UnsafeMutableRawPointer(copy)
            element.pointee.metadata_size = strlen(copy)
        }
    }

    /// Runs `body` for each element.
    func visit(_ body: (borrowing rd_kafka_topic_partition_t) -> Void) {
        Self.visit(raw, body)
    }

    /// Runs `body` for each element of a list that someone else owns.
    static func visit(
        _ list: UnsafeMutablePointer<rd_kafka_topic_partition_list_t>?,
        _ body: (borrowing rd_kafka_topic_partition_t) -> Void
    ) {
        guard let list, let elements = list.pointee.elems else { return }
        for index in 0..<Int(list.pointee.cnt) { body(elements[index]) }
    }

    /// The partitions of a list that someone else owns.
    static func partitions(of list: UnsafeMutablePointer<rd_kafka_topic_partition_list_t>?) -> [Int32] {
        var partitions: [Int32] = []
        visit(list) { partitions.append($0.partition) }
        return partitions
    }
}
