internal import Kafka
internal import Settlement

/// Copies of the undecodable records, from when they are read until their dead letters are acknowledged.
///
/// Their bytes count against the machine's budget of memory.
struct KeptRecords {
    private var records: [Int32: [Int64: StoredRecord]] = [:]
    /// Offsets of the dead letters that are being written, by request.
    private var writing: [RequestID: [Int64]] = [:]

    var isEmpty: Bool { records.isEmpty && writing.isEmpty }

    mutating func keep(_ record: StoredRecord) {
        records[record.partition, default: [:]][record.offset] = record
    }

    /// The copies that a request speaks of, by offset. They stay here, since the request may fail.
    mutating func startWriting(_ request: DeadLetterRequest) -> [Int64: StoredRecord] {
        guard let kept = records[request.partition] else { return [:] }
        var wanted: [Int64: StoredRecord] = [:]
        for letter in request.letters { wanted[letter.offset] = kept[letter.offset] }
        if !wanted.isEmpty { writing[request.id] = Array(wanted.keys) }
        return wanted
    }

    mutating func finishWriting(_ id: RequestID, successfully: Bool) {
        guard let offsets = writing.removeValue(forKey: id), successfully else { return }
        let partition = id.lane.partition
        for offset in offsets { records[partition]?[offset] = nil }
        if records[partition]?.isEmpty == true { records[partition] = nil }
    }

    /// The partition is no longer ours. An answer that still comes must not touch what a later ownership keeps.
    mutating func drop(_ partition: Int32) {
        records[partition] = nil
        writing = writing.filter { $0.key.lane.partition != partition }
    }

    mutating func removeAll() {
        records = [:]
        writing = [:]
    }
}
