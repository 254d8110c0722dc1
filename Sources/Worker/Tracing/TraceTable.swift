internal import Instrumentation
internal import Kafka
internal import ServiceContextModule
internal import Settlement

/// The trace contexts of records that carry one, from when they are read until they are settled.
///
/// A batch has many records and goes out in one call. The call joins the trace of the first of its records that has one.
struct TraceTable {
    private struct Entry {
        var offset: Int64
        var context: ServiceContext
    }

    /// By partition, in the order of the offsets.
    private var entries: [Int32: [Entry]] = [:]

    /// What is kept of a partition's at most: a trace that is lost is a pity, memory without bounds is worse.
    private static let most = 10_000

    /// The header that makes a record part of a trace.
    static let header: StaticString = "traceparent"

    mutating func note(_ headers: Record.HeaderList, partition: Int32, offset: Int64) {
        guard case .bytes(let parent)? = headers[Self.header] else { return }
        let known = entries[partition] ?? []
        guard known.count < Self.most, known.last.map({ $0.offset < offset }) ?? true else { return }
        var fields = ["\(Self.header)": String(decoding: parent, as: UTF8.self)]
        if case .bytes(let state)? = headers["tracestate"] {
            fields["tracestate"] = String(decoding: state, as: UTF8.self)
        }
        var context = ServiceContext.topLevel
        InstrumentationSystem.instrument.extract(fields, into: &context, using: FieldExtractor())
        guard !context.isEmpty else { return }
        entries[partition, default: []].append(Entry(offset: offset, context: context))
    }

    /// nil where none of the batch's records has one.
    func context(of batch: Batch) -> ServiceContext? {
        guard let entries = entries[batch.partition], !entries.isEmpty else { return nil }
        var position = entries.firstIndex(notBelow: batch.firstOffset, \.offset)
        var found: ServiceContext?
        batch.forEachOffset { offset in
            while position < entries.count, entries[position].offset < offset { position += 1 }
            guard position < entries.count else { return false }
            guard entries[position].offset == offset else { return true }
            found = entries[position].context
            return false
        }
        return found
    }

    /// Everything below the committed offset is settled.
    mutating func committed(_ partition: Int32, offset: Int64) {
        guard let known = entries[partition] else { return }
        let count = known.firstIndex(notBelow: offset, \.offset)
        if count > 0 { entries[partition]?.removeFirst(count) }
    }

    mutating func forget(_ partition: Int32) {
        entries[partition] = nil
    }
}

private struct FieldExtractor: Extractor {
    func extract(key: String, from carrier: [String: String]) -> String? { carrier[key] }
}

extension Array {
    /// The first index whose value is not below `bound`, of an array in order of that value.
    fileprivate func firstIndex(notBelow bound: Int64, _ value: (Element) -> Int64) -> Int {
        var (low, high) = (0, count)
        while low < high {
            let middle = (low + high) / 2
            if value(self[middle]) < bound { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
