internal import Dispatch
internal import Kafka
internal import Labelling
internal import Synchronization

/// Records in a row, still in librdkafka's memory, and what decoding made of them.
///
/// It has one owner at a time, and `DecodingQueue` hands it from one to the next: the poll thread fills it, whoever
/// decodes it has it alone, then the poll thread has it again, and whoever clears it is the last.
final class RecordBatch: @unchecked Sendable {
    /// So many fit a processor's second cache with their tokens, and are worth waking another thread for.
    private static let capacity = 256
    /// Bytes of keys and values after which the batch counts as full.
    private static let byteLimit = 256 << 10

    private let records = UnsafeMutablePointer<Record>.allocate(capacity: capacity)
    private let outcomes = UnsafeMutablePointer<DecodedRecord>.allocate(capacity: capacity)
    /// Numbers of the records whose headers carry a trace context, and those headers.
    private(set) var traces: [(number: Int, headers: Record.HeaderList)] = []
    private(set) var count = 0
    private var decodedCount = 0
    /// Of keys and values.
    private(set) var byteCount = 0
    private var decoder = EventDecoder()

    private let hasOutcomes = Atomic(false)
    private let decoding = DispatchSemaphore(value: 0)

    deinit {
        clear()
        records.deallocate()
        outcomes.deallocate()
    }

    var isFull: Bool { count == Self.capacity || byteCount >= Self.byteLimit }

    /// Must not be full.
    func append(_ record: consuming Record) {
        byteCount += (record.key?.count ?? 0) + (record.value?.count ?? 0)
        (records + count).initialize(to: record)
        count += 1
    }

    subscript(number: Int) -> Record {
        _read { yield records[number] }
    }

    /// What decoding made of a record.
    subscript(outcome number: Int) -> DecodedRecord {
        _read { yield outcomes[number] }
    }

    /// Decodes all records, on whatever thread; once.
    func decode() {
        while decodedCount < count {
            let headers = records[decodedCount].headerList
            (outcomes + decodedCount).initialize(
                to: decoder.decode(
                    value: records[decodedCount].value, projectHeader: headers?.bytes(of: EventDecoder.projectHeader),
                    datasetTypeHeader: headers?.bytes(of: EventDecoder.datasetTypeHeader)))
            if let headers, headers.bytes(of: TraceTable.header) != nil { traces.append((decodedCount, headers)) }
            decodedCount += 1
        }
        hasOutcomes.store(true, ordering: .releasing)
        decoding.signal()
    }

    /// Whether `waitUntilDecoded` would return at once.
    var isDecoded: Bool { hasOutcomes.load(ordering: .acquiring) }

    /// To be called once for each time that it is decoded.
    func waitUntilDecoded() { decoding.wait() }

    /// Gives all records back to librdkafka.
    func clear() {
        outcomes.deinitialize(count: decodedCount)
        traces.removeAll(keepingCapacity: true)
        records.deinitialize(count: count)
        decoder.recycle()
        (count, decodedCount, byteCount) = (0, 0, 0)
        hasOutcomes.store(false, ordering: .relaxed)
    }
}

extension Record.HeaderList {
    /// nil where there is no such header, or a null one.
    fileprivate func bytes(of name: StaticString) -> UnsafeRawBufferPointer? {
        switch self[name] {
        case .bytes(let bytes)?: bytes
        default: nil
        }
    }
}
