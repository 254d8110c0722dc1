package import LookoutVision

/// A decoded record: which dataset, which image, and the line that the dataset is to hold for it.
///
/// A borrowed view: its pointers, and `writeLine`, are valid until the decoder that made it is recycled, and while the
/// record's own memory lives.
package struct LabellingEvent {
    /// UTF-8, and a valid project name.
    package let project: UnsafeRawBufferPointer
    package let type: DatasetType
    /// The image's `s3://BUCKET/KEY`, UTF-8, JSON escapes resolved: what tells an entry from another.
    package let sourceRef: UnsafeRawBufferPointer
    /// The entry's JSON as it came, white space included, or the line made of the short form.
    package let line: UnsafeRawBufferPointer
    /// The tokens of `line`; nil where it holds no white space.
    private let tokens: (all: JSONTokens, line: ClosedRange<Int>)?

    /// An event whose `line` has no white space outside strings.
    package init(
        project: UnsafeRawBufferPointer, type: DatasetType, sourceRef: UnsafeRawBufferPointer,
        compactLine line: UnsafeRawBufferPointer
    ) {
        self.project = project
        self.type = type
        self.sourceRef = sourceRef
        self.line = line
        tokens = nil
    }

    init(
        project: UnsafeRawBufferPointer, type: DatasetType, sourceRef: UnsafeRawBufferPointer,
        tokens: JSONTokens, line: ClosedRange<Int>
    ) {
        self.project = project
        self.type = type
        self.sourceRef = sourceRef
        self.line = tokens.text(line)
        self.tokens = (tokens, line)
    }

    /// The dataset as a value that outlives the record. Makes a string: not for every event.
    package var key: DatasetKey { DatasetKey(project: String(decoding: project, as: UTF8.self), type: type) }

    /// Whether `writeLine` writes the line as it came, byte by byte.
    package var isCompact: Bool { tokens == nil }

    /// An upper bound of what `writeLine` touches, in bytes.
    package var maximumLineCount: Int { line.count }

    /// Writes the line with the white space outside strings removed, every other byte as it came, without a line feed.
    ///
    /// The one copy that an event's line takes. Needs `maximumLineCount` bytes at `target`, may touch all of them, and
    /// returns how many are the line.
    package func writeLine(into target: UnsafeMutableRawPointer) -> Int {
        guard let tokens else {
            if let source = line.baseAddress { target.copyMemory(from: source, byteCount: line.count) }
            return line.count
        }
        let source = UnsafeRawPointer(tokens.all.bytes)
        let limit = tokens.all.start(tokens.line.lowerBound) + line.count
        var written = 0
        tokens.all.forEachRun(tokens.line) { run in
            // Most runs are a dozen bytes, for which a copy of fixed size costs less than the call of one that counts.
            // What it copies too much is overwritten by the next run; and as the target never gets ahead of the
            // source, a copy that stays inside the line's source stays inside its `maximumLineCount` too.
            if run.count <= 32, run.lowerBound + 32 <= limit {
                let from = source + run.lowerBound
                let to = target + written
                to.storeBytes(of: from.loadUnaligned(as: SIMD16<UInt8>.self), as: SIMD16<UInt8>.self)
                (to + 16).storeBytes(of: (from + 16).loadUnaligned(as: SIMD16<UInt8>.self), as: SIMD16<UInt8>.self)
            } else {
                (target + written).copyMemory(from: source + run.lowerBound, byteCount: run.count)
            }
            written += run.count
        }
        return written
    }
}
