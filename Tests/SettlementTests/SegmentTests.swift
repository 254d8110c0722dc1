import Labelling
import LookoutVision
import Testing

@testable import Settlement

@Suite struct SegmentTests {
    private func segment(_ events: [(Int64, SampleEvent)]) -> Segment {
        let segment = Segment(openedAt: 5)
        for (offset, event) in events { event.withEvent { segment.append($0, offset: offset) } }
        return segment
    }

    private func batch(_ segment: Segment, cut: Int64) -> Batch {
        Batch(era: 0, dataset: DatasetKey(project: "p", type: .train), partition: 0, cut: cut, segment: segment)
    }

    @Test func lastEventOfASourceRefWins() {
        let batch = batch(
            segment([
                (1, SampleEvent("p", "a", "1")), (2, SampleEvent("p", "b", "1")), (5, SampleEvent("p", "a", "2")),
                (6, SampleEvent("p", "c", "1")), (9, SampleEvent("p", "a", "3")),
            ]), cut: 9)
        #expect(
            batch.textLines(of: batch.whole) == [
                SampleEvent("p", "b", "1").line, SampleEvent("p", "c", "1").line, SampleEvent("p", "a", "3").line,
            ])
        #expect(batch.payload(of: batch.whole) == batch.textLines(of: batch.whole).joined(separator: "\n"))
        #expect(batch.payload(of: batch.whole).utf8.count == batch.payloadByteCount(of: batch.whole))
        #expect(batch.eventCount == 5)
        #expect(batch.lineCount == 3)
        #expect(batch.eventSuperseded(by: 4) == 2)
        #expect(batch.eventSuperseded(by: 2) == 0)
        #expect(batch.eventSuperseded(by: 1) == nil)
        #expect(batch.offsets(of: batch.whole) == (2, 9))
    }

    /// Thousands of lanes grow at a time: room that none of them uses is missing to all.
    @Test func littleRoomIsUnused() {
        var lines = LineStore()
        for number in 0..<4000 {
            let line = [UInt8](repeating: UInt8(ascii: "x"), count: 50 + number % 400)
            _ = line.withUnsafeBytes { lines.append($0) }
            // A quarter of what is there, and at the ends of chunks what a line did not fit into.
            #expect(lines.heldBytes <= lines.byteCount * 3 / 2 + 1024)
        }
        #expect(lines.heldBytes <= lines.byteCount + 2 * 64 * 1024)
    }

    @Test func everyPieceIsItsLinesJoined() {
        var events: [(Int64, SampleEvent)] = []
        // References come back at many distances, so that superseded lines leave gaps of every kind.
        for offset in 0..<60 {
            events.append((Int64(offset), SampleEvent("p", "\(offset * offset % 37)", "\(offset)")))
        }
        let batch = batch(segment(events), cut: 59)
        for first in 0..<batch.lineCount {
            for last in (first + 1)...batch.lineCount {
                let piece = Piece.lines(first..<last)
                let lines = batch.textLines(of: piece)
                #expect(lines.count == batch.lineCount(of: piece))
                #expect(batch.payload(of: piece) == lines.joined(separator: "\n"))
                #expect(batch.payloadByteCount(of: piece) == batch.payload(of: piece).utf8.count)
            }
        }
        #expect(batch.payload(of: .event(0)) == SampleEvent("p", "0", "0").line)
    }

    @Test func splitLeavesNoTraceOfTheOtherHalf() throws {
        let events = [
            (Int64(1), SampleEvent("p", "a", "1")), (3, SampleEvent("p", "b", "1")), (4, SampleEvent("p", "a", "2")),
            (8, SampleEvent("p", "b", "2")),
        ]
        let head = segment(events)
        let bytes = head.lines.byteCount
        let split = head.split(from: 4)
        let tail = try #require(split)
        #expect(head.lines.byteCount + tail.lines.byteCount == bytes)
        #expect(head.heldBytes == segment(Array(events[..<2])).heldBytes)
        #expect(head.lastOffset == 3)
        #expect(tail.firstOffset == 4)
        // In the head nothing is superseded any more.
        let whole = batch(head, cut: 3)
        #expect(whole.textLines(of: whole.whole) == [SampleEvent("p", "a", "1").line, SampleEvent("p", "b", "1").line])
        #expect(head.openedAt == 5 && tail.openedAt == 5)
        let nothingAbove = head.split(from: 4)
        #expect(nothingAbove == nil)
        let nothingBelow = head.split(from: 0)
        #expect(nothingBelow == nil, "a split never leaves an empty head")
    }

    /// Chunks grow to 64 KiB, and one line here is larger than any.
    @Test func linesInManyChunksAndTheirSplits() throws {
        let padding = String(repeating: "x", count: 300)
        let events = (0..<1500).map { number in
            let mark = number == 700 ? String(repeating: "y", count: 100_000) : "\(number)\(padding)"
            return (Int64(2 * number), SampleEvent("p", "\(number % 1100)", mark))
        }
        for cut in [0, 2, 3, 1399, 1401, 2199, 2998, 2999] as [Int64] {
            let head = segment(events)
            let (bytes, held) = (head.lines.byteCount, head.heldBytes)
            // (It was in a batch before, and was taken back.)
            #expect(head.freeze().count == 1100)
            let tail = head.split(from: cut)
            if cut == 0 || cut > 2998 {
                #expect(tail == nil && head.heldBytes == held)
            } else {
                #expect(head.lines.byteCount + (tail?.lines.byteCount ?? 0) == bytes)
            }
            let halves =
                [(head, events.filter { tail == nil || $0.0 < cut })]
                + (tail.map { [($0, events.filter { $0.0 >= cut })] } ?? [])
            for (half, expected) in halves {
                #expect(half.events.indices.map { half.events[$0].offset } == expected.map(\.0))
                let batch = batch(half, cut: expected.last?.0 ?? -1)
                let lasts = Dictionary(expected.map { ($0.1.ref, $0.0) }, uniquingKeysWith: max)
                let lines = expected.filter { lasts[$0.1.ref] == $0.0 }.map(\.1.line)
                #expect(batch.textLines(of: batch.whole) == lines)
                #expect(batch.payload(of: batch.whole) == lines.joined(separator: "\n"))
                #expect(batch.payloadByteCount(of: batch.whole) == batch.payload(of: batch.whole).utf8.count)
                let middle = Piece.lines(lines.count / 3..<lines.count)
                #expect(batch.payload(of: middle) == lines[(lines.count / 3)...].joined(separator: "\n"))
            }
        }
    }

    @Test func sourceRefWithEscapesIsKeptApart() throws {
        // The line spells the reference with escapes, so its bytes do not stand there literally.
        var escaped = SampleEvent("p", "x")
        escaped.line = #"{"source-ref":"s3:\/\/b\/x","mark":"escaped"}"#
        let segment = segment([(1, SampleEvent("p", "x", "plain")), (2, escaped)])
        #expect(segment.freeze() == [1] && segment.events.indices.filter(segment.isSuperseded) == [0])
        escaped.line = #"{"source-ref":"s3:\/\/b\/x","mark":"again"}"#
        escaped.withEvent { segment.append($0, offset: 3) }
        #expect(
            segment.freeze() == [2] && segment.events.indices.filter(segment.isSuperseded) == [0, 1],
            "a segment that was taken back grows on")
        let split = segment.split(from: 3)
        let tail = try #require(split)
        let batch = batch(tail, cut: 3)
        #expect(batch.textLines(of: batch.whole) == [escaped.line])
    }

    @Test func roomIsMeasuredInBytesAndLines() {
        let event = SampleEvent("p", "a", "1")
        let size = event.line.utf8.count
        let one = segment([(1, event)])
        #expect(one.hasRoom(for: size, bytes: 2 * size + 2, lines: 2))
        #expect(!one.hasRoom(for: size, bytes: 2 * size + 1, lines: 2))
        #expect(!one.hasRoom(for: size, bytes: 2 * size + 2, lines: 1))
        #expect(Segment(openedAt: 0).hasRoom(for: size, bytes: 1, lines: 0), "an empty segment takes any line")
    }
}

@Suite struct SourceRefIndexTests {
    @Test func findsEveryEventAfterGrowing() {
        var index = SourceRefIndex()
        // Upper halves collide on purpose: only the comparison of the references tells such events apart.
        let hashes = (0..<5000).map { UInt64($0 % 613) << 32 | UInt64($0) }
        for (event, hash) in hashes.enumerated() {
            var slot = index.firstSlot(for: hash)
            while index.event(at: slot) != nil { slot = index.slot(after: slot) }
            index.set(event, hash: hash, at: slot)
        }
        for (event, hash) in hashes.enumerated() {
            var slot = index.firstSlot(for: hash)
            var found = false
            while let candidate = index.event(at: slot), !found {
                found = candidate == event
                if found { #expect(index.mayMatch(hash, at: slot)) }
                slot = index.slot(after: slot)
            }
            #expect(found)
        }
    }
}
