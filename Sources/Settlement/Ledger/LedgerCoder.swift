internal import Crypto
internal import FoundationEssentials
internal import Labelling
internal import LookoutVision

/// The ledger as commit metadata.
///
/// Base64 text (metadata must hold no NUL byte) of:
///
///     'L' 'F'  version  offset  floor-(offset-1)  ceiling-floor  [map-bits  map]  era  base time  count  entry*  checksum
///     entry:   flags  [shared-prefix  suffix-length  suffix | hash]  [settled-(offset-1)]
///              [cut-offset  first-sent-(base time)  event-count  [generation]]
///
/// Numbers are LEB128 varints, `hash` is four bytes, big-endian. Where the ceiling stands on the floor there is none,
/// and no map. `era` is milliseconds since the epoch, `base time` is seconds since the epoch. The checksum is the first
/// four bytes of a SHA-256 over group, topic, partition and all that precedes it: a ledger that was copied to another
/// place does not verify there.
///
/// Version 2 is the same, but the tokens of its batches in flight are made of their payloads: they go on to be, and are
/// marked so.
package struct LedgerCoder: Sendable {
    private static let magic = Array("LF".utf8)
    private static let version: UInt8 = 3
    private static let versionOfPayloadTokens: UInt8 = 2
    private static let checksumCount = 4

    private enum Flag {
        static let test: UInt8 = 1
        static let datasetless: UInt8 = 2
        static let settled: UInt8 = 4
        static let inFlight: UInt8 = 8
        static let generation: UInt8 = 16
        static let doubtsLoneLine: UInt8 = 32
        static let hashed: UInt8 = 64
        static let payloadToken: UInt8 = 128
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

    /// Nobody re-sends a batch under this many tokens: each grows old for hours first.
    private static let mostGenerations: Int64 = 1 << 20

    package func encode(_ ledger: Ledger) -> String {
        var out = Self.magic
        out.append(Self.version)
        out.appendVarint(UInt64(ledger.offset))
        out.appendVarint(UInt64(max(0, ledger.floor - (ledger.offset - 1))))
        append(ledger.ceiling, above: ledger.floor, to: &out)
        out.appendVarint(UInt64(max(0, ledger.era)))
        let baseTime = ledger.entries.compactMap(\.inFlight?.firstSent).min() ?? 0
        out.appendVarint(UInt64(max(0, baseTime)))
        out.appendVarint(UInt64(ledger.entries.count))
        var previous: [UInt8] = []
        for entry in ledger.entries {
            append(entry, offset: ledger.offset, baseTime: baseTime, previous: &previous, to: &out)
        }
        return sealed(out)
    }

    /// The text of a ledger's bytes, with their checksum.
    func sealed(_ bytes: [UInt8]) -> String { Data(bytes + checksum(bytes[...])).base64EncodedString() }

    private func append(_ ceiling: Ledger.Ceiling?, above floor: Int64, to out: inout [UInt8]) {
        out.appendVarint(UInt64(max(0, (ceiling?.offset ?? floor) - floor)))
        guard let ceiling, ceiling.offset > floor else { return }
        out.appendVarint(UInt64(ceiling.map.bitCount))
        out.append(contentsOf: ceiling.map.bytes)
    }

    private func append(
        _ entry: Ledger.Entry, offset: Int64, baseTime: Int64, previous: inout [UInt8], to out: inout [UInt8]
    ) {
        let settled = entry.settled - (offset - 1)
        var flags: UInt8 = 0
        switch entry.name {
        case .dataset(let dataset): if dataset.type == .test { flags |= Flag.test }
        case .hash: flags |= Flag.hashed
        case .noDataset: flags |= Flag.datasetless
        }
        if settled > 0 { flags |= Flag.settled }
        if let inFlight = entry.inFlight {
            flags |= Flag.inFlight
            if inFlight.generation > 0 { flags |= Flag.generation }
            if inFlight.doubtsLoneLine { flags |= Flag.doubtsLoneLine }
            if inFlight.hasPayloadToken { flags |= Flag.payloadToken }
        }
        out.append(flags)
        switch entry.name {
        case .noDataset: break
        case .hash(let hash): withUnsafeBytes(of: hash.bigEndian) { out.append(contentsOf: $0) }
        case .dataset(let dataset):
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
        let version = bytes[Self.magic.count]
        guard version == Self.version || version == Self.versionOfPayloadTokens else { throw .unknownVersion(version) }
        let body = bytes.dropLast(Self.checksumCount)
        guard body.count > Self.magic.count, checksum(body) == Array(bytes.suffix(Self.checksumCount)) else {
            throw .damaged
        }
        var reader = ByteReader(bytes: body.dropFirst(Self.magic.count + 1))
        guard let written = reader.offset() else { throw .damaged }
        guard written == offset else { throw .otherOffset(written) }
        guard let rise = reader.offset(), let floor = sum(offset - 1, rise), let height = reader.offset(),
            let top = sum(floor, height)
        else { throw .damaged }
        var ceiling: Ledger.Ceiling?
        if height > 0 {
            guard let map = readMap(&reader) else { throw .damaged }
            ceiling = Ledger.Ceiling(offset: top, map: map)
        }
        guard let era = reader.offset(), let baseTime = reader.offset(), let count = reader.offset(),
            count <= Int64(body.count)
        else { throw .damaged }
        var entries: [Ledger.Entry] = []
        var previous: [UInt8] = []
        for _ in 0..<count {
            guard var entry = readEntry(&reader, offset: offset, baseTime: baseTime, previous: &previous) else {
                throw .damaged
            }
            if version == Self.versionOfPayloadTokens { entry.inFlight?.hasPayloadToken = true }
            entries.append(entry)
        }
        guard reader.isAtEnd else { throw .damaged }
        return Ledger(era: era, offset: offset, floor: floor, ceiling: ceiling, entries: entries)
    }

    private func readMap(_ reader: inout ByteReader) -> LevelMap? {
        // (More bits than there are bytes left would be no reason to ask for memory.)
        guard let count = reader.offset(), count <= 1 << 20,
            let bytes = reader.bytes(LevelMap.byteCount(bitCount: Int(count)))
        else { return nil }
        return LevelMap(bytes: bytes, bitCount: Int(count))
    }

    private func readEntry(
        _ reader: inout ByteReader, offset: Int64, baseTime: Int64, previous: inout [UInt8]
    ) -> Ledger.Entry? {
        guard let flags = reader.byte(), flags & Flag.payloadToken == 0 || flags & Flag.inFlight != 0,
            let name = readName(&reader, flags: flags, previous: &previous)
        else { return nil }
        var settled = offset - 1
        if flags & Flag.settled != 0 {
            guard let rise = reader.offset(), let raised = sum(settled, rise) else { return nil }
            settled = raised
        }
        guard flags & Flag.inFlight != 0 else { return Ledger.Entry(name: name, settled: settled) }
        guard let rise = reader.offset(), let cut = sum(offset, rise), cut > settled,
            let age = reader.offset(), let firstSent = sum(baseTime, age),
            let eventCount = reader.offset().flatMap(Int.init(exactly:)),
            let generation = flags & Flag.generation == 0 ? 0 : reader.offset(), generation <= Self.mostGenerations
        else { return nil }
        return Ledger.Entry(
            name: name, settled: settled,
            inFlight: Ledger.InFlight(
                cut: cut, firstSent: firstSent, generation: Int(generation), eventCount: eventCount,
                doubtsLoneLine: flags & Flag.doubtsLoneLine != 0, hasPayloadToken: flags & Flag.payloadToken != 0))
    }

    private func readName(_ reader: inout ByteReader, flags: UInt8, previous: inout [UInt8]) -> LaneName? {
        if flags & Flag.hashed != 0 {
            guard flags & (Flag.datasetless | Flag.test) == 0 else { return nil }
            return reader.bytes(4).map { .hash($0.reduce(0) { $0 << 8 | UInt32($1) }) }
        }
        guard flags & Flag.datasetless == 0 else { return .noDataset }
        guard let shared = reader.offset(), shared <= previous.count, let length = reader.offset(),
            let suffix = reader.bytes(Int(clamping: length))
        else { return nil }
        previous = Array(previous.prefix(Int(shared)) + suffix)
        guard previous.withUnsafeBytes(Names.isProjectName) else { return nil }
        return .dataset(
            DatasetKey(
                project: String(decoding: previous, as: UTF8.self), type: flags & Flag.test == 0 ? .train : .test))
    }

    /// nil where it is no offset any more.
    private func sum(_ base: Int64, _ rise: Int64) -> Int64? {
        let (sum, overflow) = base.addingReportingOverflow(rise)
        return overflow ? nil : sum
    }

    private func checksum(_ body: ArraySlice<UInt8>) -> [UInt8] {
        var hash = SHA256()
        hash.update(data: scope)
        body.withUnsafeBytes { hash.update(bufferPointer: $0) }
        return Array(hash.finalize().prefix(Self.checksumCount))
    }
}
