import CRDKafka

/// One record as Kafka delivered it, still in librdkafka's memory: nothing is copied or allocated by looking at it.
///
/// Every pointer handed out is valid as long as the record lives and must not be kept beyond that.
package struct Record: ~Copyable {
    private let message: UnsafeMutablePointer<rd_kafka_message_t>

    /// Takes over a message without error; frees it at the end of its life.
    init(owning message: UnsafeMutablePointer<rd_kafka_message_t>) {
        self.message = message
    }

    deinit {
        rd_kafka_message_destroy(message)
    }

    package var partition: Int32 { message.pointee.partition }
    package var offset: Int64 { message.pointee.offset }

    /// Milliseconds since 1970, from the producer or the broker; nil when the record has none.
    package var timestampMilliseconds: Int64? {
        let milliseconds = rd_kafka_message_timestamp(message, nil)
        return milliseconds >= 0 ? milliseconds : nil
    }

    /// nil: a null key, which is not the same as an empty one.
    package var key: UnsafeRawBufferPointer? {
        message.pointee.key.map { UnsafeRawBufferPointer(start: $0, count: message.pointee.key_len) }
    }

    /// nil: a null value, a tombstone; not the same as an empty one.
    package var value: UnsafeRawBufferPointer? {
        message.pointee.payload.map { UnsafeRawBufferPointer(start: $0, count: message.pointee.len) }
    }

    /// A header's value: null is legal and not the same as a header that is not there.
    package enum HeaderValue {
        case null
        case bytes(UnsafeRawBufferPointer)

        init(_ start: UnsafeRawPointer?, _ count: Int) {
            self = start.map { .bytes(UnsafeRawBufferPointer(start: $0, count: count)) } ?? .null
        }
    }

    /// The record's headers, nil where it has none or they cannot be parsed. librdkafka parses them at each call, so ask
    /// once.
    package var headerList: HeaderList? { headers.map(HeaderList.init) }

    /// The headers of one record; borrowed, like every pointer that a record hands out.
    package struct HeaderList {
        fileprivate let headers: OpaquePointer

        /// The last header of that (ASCII) name; nil when there is none.
        package subscript(_ name: StaticString) -> HeaderValue? {
            guard name.hasPointerRepresentation else { return nil }
            var value: UnsafeRawPointer?
            var size = 0
            let found = name.utf8Start.withMemoryRebound(to: CChar.self, capacity: name.utf8CodeUnitCount + 1) { name in
                rd_kafka_header_get_last(headers, name, &value, &size) == RD_KAFKA_RESP_ERR_NO_ERROR
            }
            return found ? HeaderValue(value, size) : nil
        }
    }

    /// Runs `body` for each header in order; a name may come more than once.
    package func forEachHeader<Failure: Error>(
        _ body: (_ name: String, _ value: HeaderValue) throws(Failure) -> Void
    ) throws(Failure) {
        guard let headers else { return }
        var index = 0
        var name: UnsafePointer<CChar>?
        var value: UnsafeRawPointer?
        var size = 0
        while rd_kafka_header_get_all(headers, index, &name, &value, &size) == RD_KAFKA_RESP_ERR_NO_ERROR {
            try body(name.map { String(cString: $0) } ?? "", HeaderValue(value, size))
            index += 1
        }
    }

    private var headers: OpaquePointer? {
        var headers: OpaquePointer?
        guard rd_kafka_message_headers(message, &headers) == RD_KAFKA_RESP_ERR_NO_ERROR else { return nil }
        return headers
    }
}

/// A header of a record to be sent, or of one that was copied. A null value is legal.
package struct RecordHeader: Sendable, Hashable {
    package let name: String
    package let value: [UInt8]?

    package init(_ name: String, _ value: [UInt8]?) {
        self.name = name
        self.value = value
    }
}

/// A copy of a record that outlives it.
package struct StoredRecord: Sendable, Hashable {
    package let partition: Int32
    package let offset: Int64
    package let timestampMilliseconds: Int64?
    package let key: [UInt8]?
    package let value: [UInt8]?
    package let headers: [RecordHeader]

    /// Bytes of everything that was copied.
    package var byteCount: Int {
        (key?.count ?? 0) + (value?.count ?? 0)
            + headers.reduce(0) { $0 + $1.name.utf8.count + ($1.value?.count ?? 0) }
    }

    package init(copying record: borrowing Record) {
        partition = record.partition
        offset = record.offset
        timestampMilliseconds = record.timestampMilliseconds
        key = record.key.map { Array($0) }
        value = record.value.map { Array($0) }
        var headers: [RecordHeader] = []
        record.forEachHeader { (name, value) in
            switch value {
            case .null: headers.append(RecordHeader(name, nil))
            case .bytes(let bytes): headers.append(RecordHeader(name, Array(bytes)))
            }
        }
        self.headers = headers
    }
}
