package import Labelling

/// A lane's events in (previous cut, cut], frozen: the unit of one update.
///
/// The payload is a pure function of the events: the surviving lines in offset order, joined by line feeds.
package struct Batch: Sendable {
    /// `Ledger.era`.
    package let era: Int64
    package let dataset: DatasetKey
    package let partition: Int32
    /// The last offset of the batch; the record that stood there may be gone since (compaction).
    package let cut: Int64
    let segment: Segment
    /// Numbers of the events that are sent: the last of every source-ref, in offset order.
    let lines: [Int32]

    init(era: Int64, dataset: DatasetKey, partition: Int32, cut: Int64, segment: Segment) {
        self.era = era
        self.dataset = dataset
        self.partition = partition
        self.cut = cut
        self.segment = segment
        lines = segment.freeze()
    }

    /// Events, the superseded ones included.
    package var eventCount: Int { segment.events.count }
    package var lineCount: Int { lines.count }
    package var firstOffset: Int64 { segment.firstOffset ?? cut }

    /// Everything that is sent in one update, where nothing has failed.
    package var whole: Piece { .lines(0..<lines.count) }

    /// The offsets of the first and the last event whose line is in the piece.
    package func offsets(of piece: Piece) -> (first: Int64, last: Int64) {
        switch piece {
        case .lines(let range):
            guard let first = range.first, let last = range.last else { return (cut, cut) }
            return (segment.events[Int(lines[first])].offset, segment.events[Int(lines[last])].offset)
        case .event(let number):
            return (segment.events[number].offset, segment.events[number].offset)
        }
    }

    /// Hands out the offsets of all events, the superseded ones included, in order, until `body` has enough.
    package func forEachOffset(_ body: (Int64) -> Bool) {
        for number in segment.events.indices where !body(segment.events[number].offset) { return }
    }

    package func lineCount(of piece: Piece) -> Int {
        switch piece {
        case .lines(let range): range.count
        case .event: 1
        }
    }

    /// Bytes of the piece's payload, before base64.
    package func payloadByteCount(of piece: Piece) -> Int {
        switch piece {
        case .lines where isWithoutGaps(piece): segment.lines.byteCount - 1
        case .lines(let range):
            range.reduce(max(0, range.count - 1)) { $0 + Int(segment.events[Int(lines[$1])].place.count) }
        case .event(let number): Int(segment.events[number].place.count)
        }
    }

    /// Hands out the piece's payload in order, in as few contiguous chunks as there are gaps left by superseded lines and
    /// by the ends of the memory that holds them. A chunk stays where it is for as long as a copy of the batch is kept.
    package func forEachPayloadChunk(of piece: Piece, _ body: (UnsafeRawBufferPointer) -> Void) {
        switch piece {
        case .event(let number):
            body(segment.lines.line(at: segment.events[number].place))
        case .lines where isWithoutGaps(piece):
            segment.lines.forEachChunk(body)
        case .lines(let range):
            var position = range.lowerBound
            while position < range.upperBound {
                let first = segment.events[Int(lines[position])].place
                var last = first
                position += 1
                while position < range.upperBound, lines[position] == lines[position - 1] + 1 {
                    let next = segment.events[Int(lines[position])].place
                    guard next.chunk == first.chunk else { break }
                    last = next
                    position += 1
                }
                body(segment.lines.lines(from: first, through: last, withLineFeed: position < range.upperBound))
            }
        }
        // What was handed out lives as long as the segment, which nothing above holds on to.
        withExtendedLifetime(segment) {}
    }

    /// Whether the piece is all lines of the segment, as they lie there.
    private func isWithoutGaps(_ piece: Piece) -> Bool { lineCount(of: piece) == segment.events.count }

    /// The lines of a piece one by one, for comparing with what a dataset holds.
    package func forEachLine(of piece: Piece, _ body: (UnsafeRawBufferPointer) -> Void) {
        switch piece {
        case .lines(let range): for number in lines[range] { body(line(at: Int(number))) }
        case .event(let number): body(line(at: number))
        }
        withExtendedLifetime(segment) {}
    }

    private func line(at number: Int) -> UnsafeRawBufferPointer {
        segment.lines.line(at: segment.events[number].place)
    }

    func line(ofEvent number: Int) -> [UInt8] {
        defer { withExtendedLifetime(segment) {} }
        return Array(line(at: number))
    }

    /// The event whose line stands at `position` among the lines.
    func event(atLine position: Int) -> Int { Int(lines[position]) }

    func offset(ofEvent number: Int) -> Int64 { segment.events[number].offset }

    func isSuperseded(_ number: Int) -> Bool { segment.isSuperseded(number) }

    /// The event that `number` superseded inside this batch.
    func eventSuperseded(by number: Int) -> Int? { segment.eventSuperseded(by: number) }
}

/// What one call sends of a batch.
package enum Piece: Sendable, Hashable {
    /// Positions among the batch's lines.
    case lines(Range<Int>)
    /// One event that a later one of the same source-ref had superseded, until that one was refused.
    case event(Int)
}
