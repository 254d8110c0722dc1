/// A manifest that is being read.
struct ManifestFile: ~Copyable {
    /// Why there is nothing to read, worded to follow the manifest's name.
    struct Failure: Error, Hashable {
        var reason: String
    }

    /// Some whole lines.
    struct Chunk {
        var bytes: [UInt8] = []
        /// Whether a line before these was left out, as it is longer than any line may be.
        var followsLongLine = false
    }

    private static let chunkBytes = 1 << 20

    private let file: FileDescriptor
    private var rest: [UInt8] = []
    private var isAtEnd = false

    init(_ file: FileDescriptor) {
        self.file = file
    }

    /// The next lines, about a mebibyte of them; nil at the end.
    mutating func next() throws(Failure) -> Chunk? {
        var chunk = Chunk()
        var isInLongLine = false
        while true {
            if let newline = rest.lastIndex(of: UInt8(ascii: "\n")) {
                var lines = rest[...newline]
                rest = Array(rest[(newline + 1)...])
                if isInLongLine { lines = lines[((lines.firstIndex(of: UInt8(ascii: "\n")) ?? newline) + 1)...] }
                chunk.bytes = Array(lines)
                return chunk
            }
            if isAtEnd {
                defer { rest = [] }
                if !isInLongLine { chunk.bytes = rest }
                return chunk.bytes.isEmpty && !chunk.followsLongLine ? nil : chunk
            }
            if rest.count >= Self.chunkBytes {
                rest = []
                (isInLongLine, chunk.followsLongLine) = (true, true)
            }
            try fill()
        }
    }

    private mutating func fill() throws(Failure) {
        guard let more = file.read(upTo: Self.chunkBytes) else {
            throw Failure(reason: "cannot be read to its end")
        }
        isAtEnd = more.isEmpty
        rest += more
    }
}
