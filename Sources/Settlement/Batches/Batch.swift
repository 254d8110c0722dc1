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
        lines = segment.events.indices.compactMap { segment.events[$0].isSuperseded ? nil : Int32($0) }
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
        for event in segment.events where !body(event.offset) { return }
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
        case .lines(let range):
            range.reduce(max(0, range.count - 1)) { $0 + Int(segment.events[Int(lines[$1])].lineCount) }
        case .event(let number): Int(segment.events[number].lineCount)
        }
    }

    /// Hands out the piece's payload in order, in as few contiguous chunks as there are gaps left by superseded lines.
    package func forEachPayloadChunk(of piece: Piece, _ body: (UnsafeRawBufferPointer) -> Void) {
        segment.bytes.withUnsafeBytes { bytes in
            func chunk(_ first: Int, _ last: Int, withLineFeed: Bool) -> UnsafeRawBufferPointer {
                let end = segment.events[last].lineStart + Int(segment.events[last].lineCount)
                return UnsafeRawBufferPointer(
                    rebasing: bytes[segment.events[first].lineStart..<(withLineFeed ? end + 1 : end)])
            }
            switch piece {
            case .event(let number):
                body(chunk(number, number, withLineFeed: false))
            case .lines(let range):
                var position = range.lowerBound
                while position < range.upperBound {
                    var end = position + 1
                    while end < range.upperBound, lines[end] == lines[end - 1] + 1 { end += 1 }
                    body(
                        chunk(Int(lines[position]), Int(lines[end - 1]), withLineFeed: end < range.upperBound))
                    position = end
                }
            }
        }
    }

    /// The lines of a piece one by one, for comparing with what a dataset holds.
    package func forEachLine(of piece: Piece, _ body: (UnsafeRawBufferPointer) -> Void) {
        let numbers: [Int32] =
            switch piece {
            case .lines(let range): Array(lines[range])
            case .event(let number): [Int32(number)]
            }
        segment.bytes.withUnsafeBytes { bytes in
            for number in numbers {
                let event = segment.events[Int(number)]
                body(
                    UnsafeRawBufferPointer(rebasing: bytes[event.lineStart..<(event.lineStart + Int(event.lineCount))]))
            }
        }
    }

    func line(ofEvent number: Int) -> [UInt8] {
        let event = segment.events[number]
        return Array(segment.bytes[event.lineStart..<(event.lineStart + Int(event.lineCount))])
    }

    /// The event whose line stands at `position` among the lines.
    func event(atLine position: Int) -> Int { Int(lines[position]) }

    func offset(ofEvent number: Int) -> Int64 { segment.events[number].offset }

    func isSuperseded(_ number: Int) -> Bool { segment.events[number].isSuperseded }

    /// The event that `number` superseded inside this batch.
    func eventSuperseded(by number: Int) -> Int? {
        let previous = segment.events[number].previous
        return previous < 0 ? nil : Int(previous)
    }
}

/// What one call sends of a batch.
package enum Piece: Sendable, Hashable {
    /// Positions among the batch's lines.
    case lines(Range<Int>)
    /// One event that a later one of the same source-ref had superseded, until that one was refused.
    case event(Int)
}
