internal import Crypto
internal import FoundationEssentials
internal import Labelling
internal import LookoutVision

/// The ledger as commit metadata.
///
/// Base64 text (metadata must hold no NUL byte) of:
///
///     'L' 'F'  version  offset  floor-(offset-1)  era  base time  count  entry*  checksum
///     entry:   flags  [shared-prefix  suffix-length  suffix]  [settled-(offset-1)]
///              [cut-offset  first-sent-(base time)  event-count  [generation]]
///
/// Numbers are LEB128 varints, `era` is milliseconds since the epoch, `base time` is seconds since the epoch. The checksum is the first four bytes of a
/// SHA-256 over group, topic, partition and all that precedes it: a ledger that was copied to another place does not
/// verify there.
package struct LedgerCoder: Sendable {
    private static let magic = Array("LF".utf8)
    private static let version: UInt8 = 1
    private static let checksumCount = 4

    private enum Flag {
        static let test: UInt8 = 1
        static let datasetless: UInt8 = 2
        static let settled: UInt8 = 4
        static let inFlight: UInt8 = 8
        static let generation: UInt8 = 16
        static let doubtsLoneLine: UInt8 = 32
        static let known: UInt8 = 63
    }

    private let scope: [UInt8]

    package init(group: String, topic: String, partition: Int32) {
        var scope: [UInt8] = []
        for part in [group, topic, String(partition)] {
            scope.appendVarint(UInt64(part.utf8.count))
            scope.append(contentsOf: part.utf8)
        }
        self.scope = scope
    }

    /// No ledger with this many entries fits into `characters`: spares writing one to find out.
    static func isHopeless(entryCount: Int, characters: Int) -> Bool { entryCount * 3 > characters }

    package func encode(_ ledger: Ledger) -> String {
        var out = Self.magic
        out.append(Self.version)
        out.appendVarint(UInt64(ledger.offset))
        out.appendVarint(UInt64(max(0, ledger.floor - (ledger.offset - 1))))
        out.appendVarint(UInt64(max(0, ledger.era)))
        let baseTime = ledger.entries.compactMap(\.inFlight?.firstSent).min() ?? 0
        out.appendVarint(UInt64(max(0, baseTime)))
        out.appendVarint(UInt64(ledger.entries.count))
        var previous: [UInt8] = []
        for entry in ledger.entries {
            append(entry, offset: ledger.offset, baseTime: baseTime, previous: &previous, to: &out)
        }
        out.append(contentsOf: checksum(out[...]))
        return Data(out).base64EncodedString()
    }

    private func append(
        _ entry: Ledger.Entry, offset: Int64, baseTime: Int64, previous: inout [UInt8], to out: inout [UInt8]
    ) {
        let settled = entry.settled - (offset - 1)
        var flags: UInt8 = 0
        if entry.dataset == nil { flags |= Flag.datasetless }
        if entry.dataset?.type == .test { flags |= Flag.test }
        if settled > 0 { flags |= Flag.settled }
        if let inFlight = entry.inFlight {
            flags |= Flag.inFlight
            if inFlight.generation > 0 { flags |= Flag.generation }
            if inFlight.doubtsLoneLine { flags |= Flag.doubtsLoneLine }
        }
        out.append(flags)
        if let dataset = entry.dataset {
            let project = Array(dataset.project.utf8)
            let shared = zip(project, previous).prefix { $0 == $1 }.count
            out.appendVarint(UInt64(shared))
            out.appendVarint(UInt64(project.count - shared))
            out.append(contentsOf: project[shared...])
            previous = project
        }
        if settled > 0 { out.appendVarint(UInt64(settled)) }
        if let inFlight = entry.inFlight {
            out.appendVarint(UInt64(max(0, inFlight.cut - offset)))
            out.appendVarint(UInt64(max(0, inFlight.firstSent - baseTime)))
            out.appendVarint(UInt64(max(0, inFlight.eventCount)))
            if inFlight.generation > 0 { out.appendVarint(UInt64(inFlight.generation)) }
        }
    }

    /// Reads what was found beside the committed offset.
    /// - Returns: a ledger that was written for this group, topic, partition and offset.
    /// - Throws: why the text is not to be believed.
    package func decode(_ text: String, committedAt offset: Int64) throws(LedgerError) -> Ledger {
        guard let bytes = Data(base64Encoded: text).map(Array.init), bytes.starts(with: Self.magic) else {
            throw .foreign
        }
        guard bytes.count > Self.magic.count else { throw .damaged }
        guard bytes[Self.magic.count] == Self.version else { throw .unknownVersion(bytes[Self.magic.count]) }
        let body = bytes.dropLast(Self.checksumCount)
        guard body.count > Self.magic.count, checksum(body) == Array(bytes.suffix(Self.checksumCount)) else {
            throw .damaged
        }
        var reader = ByteReader(bytes: body.dropFirst(Self.magic.count + 1))
        guard let written = reader.offset() else { throw .damaged }
        guard written == offset else { throw .otherOffset(written) }
        guard let rise = reader.offset(), let era = reader.offset(), let baseTime = reader.offset(),
            let count = reader.offset(),
            count <= Int64(body.count)
        else { throw .damaged }
        var entries: [Ledger.Entry] = []
        var previous: [UInt8] = []
        for _ in 0..<count {
            guard let entry = readEntry(&reader, offset: offset, baseTime: baseTime, previous: &previous) else {
                throw .damaged
            }
            entries.append(entry)
        }
        let (floor, overflow) = (offset - 1).addingReportingOverflow(rise)
        guard reader.isAtEnd, !overflow else { throw .damaged }
        return Ledger(era: era, offset: offset, floor: floor, entries: entries)
    }

    private func readEntry(
        _ reader: inout ByteReader, offset: Int64, baseTime: Int64, previous: inout [UInt8]
    ) -> Ledger.Entry? {
        guard let flags = reader.byte(), flags & ~Flag.known == 0 else { return nil }
        var dataset: DatasetKey?
        if flags & Flag.datasetless == 0 {
            guard let shared = reader.offset(), shared <= previous.count, let length = reader.offset(),
                let suffix = reader.bytes(Int(clamping: length))
            else { return nil }
            previous = Array(previous.prefix(Int(shared)) + suffix)
            guard Names.isProjectName(previous) else { return nil }
            dataset = DatasetKey(
                project: String(decoding: previous, as: UTF8.self), type: flags & Flag.test == 0 ? .train : .test)
        }
        var settled = offset - 1
        if flags & Flag.settled != 0 {
            guard let rise = reader.offset() else { return nil }
            settled = settled.addingReportingOverflow(rise).partialValue
        }
        var inFlight: Ledger.InFlight?
        if flags & Flag.inFlight != 0 {
            guard let rise = reader.offset(), let age = reader.offset(), let eventCount = reader.offset() else {
                return nil
            }
            let generation = flags & Flag.generation == 0 ? 0 : reader.offset()
            guard let generation else { return nil }
            let flight = Ledger.InFlight(
                cut: offset.addingReportingOverflow(rise).partialValue,
                firstSent: baseTime.addingReportingOverflow(age).partialValue, generation: Int(generation),
                eventCount: Int(eventCount), doubtsLoneLine: flags & Flag.doubtsLoneLine != 0)
            guard flight.cut > settled else { return nil }
            inFlight = flight
        }
        guard settled >= offset - 1 else { return nil }
        return Ledger.Entry(dataset: dataset, settled: settled, inFlight: inFlight)
    }

    private func checksum(_ body: ArraySlice<UInt8>) -> [UInt8] {
        var hash = SHA256()
        hash.update(data: scope)
        body.withUnsafeBytes { hash.update(bufferPointer: $0) }
        return Array(hash.finalize().prefix(Self.checksumCount))
    }
}
