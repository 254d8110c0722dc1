import CRDKafka

/// One failure of Kafka or of librdkafka, as data.
///
/// Codes below zero are librdkafka's own, codes above zero are the broker's
/// (https://kafka.apache.org/protocol#protocol_error_codes).
package struct KafkaError: Error, Sendable, Hashable, CustomStringConvertible {
    package let code: Int32
    /// The symbolic name without `RD_KAFKA_RESP_ERR_`, such as `_TIMED_OUT` or `ILLEGAL_GENERATION`.
    package let name: String
    /// What librdkafka or the broker said; never holds the value of a secret property.
    package let message: String
    /// What was being done, such as `commit offsets`.
    package let operation: String
    /// The client handle is unusable from here on.
    package let isFatal: Bool
    /// The same operation may succeed when asked again, without anyone changing anything.
    package let isRetriable: Bool

    package var description: String {
        "\(operation): \(name) (\(code)): \(message)\(isFatal ? " [fatal]" : "")\(isRetriable ? " [retriable]" : "")"
    }

    package init(
        code: Int32, name: String, message: String, operation: String, isFatal: Bool = false, isRetriable: Bool = false
    ) {
        self.code = code
        self.name = name
        self.message = message
        self.operation = operation
        self.isFatal = isFatal
        self.isRetriable = isRetriable
    }

    init(_ code: rd_kafka_resp_err_t, _ operation: String, message: String? = nil, isFatal: Bool = false) {
        self.code = code.rawValue
        self.name = String(cString: rd_kafka_err2name(code))
        self.message = message ?? String(cString: rd_kafka_err2str(code))
        self.operation = operation
        self.isFatal = isFatal || code == RD_KAFKA_RESP_ERR__FATAL
        self.isRetriable = !self.isFatal && Self.retriable.contains(code.rawValue)
    }

    /// Takes over an error object and frees it.
    init(consuming error: OpaquePointer, _ operation: String) {
        let code = rd_kafka_error_code(error)
        self.code = code.rawValue
        self.name = String(cString: rd_kafka_err2name(code))
        self.message = String(cString: rd_kafka_error_string(error))
        self.operation = operation
        self.isFatal = rd_kafka_error_is_fatal(error) != 0
        self.isRetriable =
            !isFatal && (rd_kafka_error_is_retriable(error) != 0 || Self.retriable.contains(code.rawValue))
        rd_kafka_error_destroy(error)
    }

    /// The code of an error by its symbolic name, such as `NOT_COORDINATOR` or `_TRANSPORT`; nil for none.
    package static func code(named name: String) -> Int32? {
        var descriptions: UnsafePointer<rd_kafka_err_desc>?
        var count = 0
        rd_kafka_get_err_descs(&descriptions, &count)
        return UnsafeBufferPointer(start: descriptions, count: count)
            .first { $0.name.map { String(cString: $0) } == name }?.code.rawValue
    }

    /// Throws unless `code` is success.
    static func check(_ code: rd_kafka_resp_err_t, _ operation: String) throws(KafkaError) {
        guard code != RD_KAFKA_RESP_ERR_NO_ERROR else { return }
        throw KafkaError(code, operation)
    }

    // Plain codes carry no "retriable" flag in librdkafka's API, so the judgement is made here. `_SSL` is in the
    // list because OpenSSL 3 reports a connection closed without a TLS goodbye that way.
    private static let retriable: Set<Int32> = Set(
        [
            RD_KAFKA_RESP_ERR__TRANSPORT, RD_KAFKA_RESP_ERR__TIMED_OUT, RD_KAFKA_RESP_ERR__TIMED_OUT_QUEUE,
            RD_KAFKA_RESP_ERR__MSG_TIMED_OUT, RD_KAFKA_RESP_ERR__QUEUE_FULL, RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN,
            RD_KAFKA_RESP_ERR__RESOLVE, RD_KAFKA_RESP_ERR__WAIT_COORD, RD_KAFKA_RESP_ERR__WAIT_CACHE,
            RD_KAFKA_RESP_ERR__SSL, RD_KAFKA_RESP_ERR__INTR, RD_KAFKA_RESP_ERR__RETRY,
            RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE, RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION,
            RD_KAFKA_RESP_ERR_REQUEST_TIMED_OUT, RD_KAFKA_RESP_ERR_BROKER_NOT_AVAILABLE,
            RD_KAFKA_RESP_ERR_REPLICA_NOT_AVAILABLE, RD_KAFKA_RESP_ERR_NETWORK_EXCEPTION,
            RD_KAFKA_RESP_ERR_COORDINATOR_LOAD_IN_PROGRESS, RD_KAFKA_RESP_ERR_COORDINATOR_NOT_AVAILABLE,
            RD_KAFKA_RESP_ERR_NOT_COORDINATOR, RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS,
            RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS_AFTER_APPEND, RD_KAFKA_RESP_ERR_REBALANCE_IN_PROGRESS,
            RD_KAFKA_RESP_ERR_THROTTLING_QUOTA_EXCEEDED, RD_KAFKA_RESP_ERR_UNSTABLE_OFFSET_COMMIT,
        ].map(\.rawValue)
    )
}

/// Takes one log line of librdkafka: syslog level (0 emergency … 7 debug), facility (such as `FAIL`), text.
///
/// Called from librdkafka's own threads; must be quick and must not call back into this module.
package typealias KafkaLog = @Sendable (_ level: Int32, _ facility: String, _ message: String) -> Void
