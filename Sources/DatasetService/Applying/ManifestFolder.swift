#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// The folder that stands in for S3: the manifest `s3://BUCKET/KEY` is the file `BUCKET/KEY` in it.
struct ManifestFolder: Sendable {
    private let path: String

    /// - Parameter path: May itself be a symbolic link; below it none is followed.
    init(path: String) {
        self.path = path
    }

    /// Opens a manifest. Every step is taken from the folder before it and follows no symbolic link, so that nothing
    /// outside can be reached, whatever is renamed meanwhile.
    func open(_ address: ManifestAddress) throws(ManifestFile.Failure) -> ManifestFile {
        let segments = address.key.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        let steps = [address.bucket] + segments
        guard steps.allSatisfy({ !["", ".", ".."].contains($0) }) else {
            throw ManifestFile.Failure(reason: "cannot be a file: its key has an empty part, . or ..")
        }
        var folder = FileDescriptor(opening: path, O_DIRECTORY)
        for step in steps.dropLast() { folder = folder?.opening(step, O_DIRECTORY) }
        // A pipe would block the opening for ever.
        guard let file = folder?.opening(steps[steps.count - 1], O_NONBLOCK), file.isRegularFile else {
            throw ManifestFile.Failure(
                reason: "cannot be read: there is no such file in the folder of manifests, or it may not be opened")
        }
        return ManifestFile(file)
    }
}

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

    fileprivate init(_ file: FileDescriptor) {
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

/// An open file or folder, closed with the last reference to it.
private final class FileDescriptor {
    private let number: Int32

    private init?(_ number: Int32) {
        guard number >= 0 else { return nil }
        self.number = number
    }

    convenience init?(opening path: String, _ flags: Int32) {
        self.init(Self.restarting { open(path, O_RDONLY | O_CLOEXEC | flags) })
    }

    func opening(_ name: String, _ flags: Int32) -> FileDescriptor? {
        FileDescriptor(Self.restarting { openat(number, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | flags) })
    }

    deinit {
        close(number)
    }

    var isRegularFile: Bool {
        var status = stat()
        return fstat(number, &status) == 0 && status.st_mode & S_IFMT == S_IFREG
    }

    /// Up to so many bytes, none at the end; nil where reading failed.
    func read(upTo limit: Int) -> [UInt8]? {
        var count = 0
        let bytes = [UInt8](unsafeUninitializedCapacity: limit) { buffer, used in
            count = Self.restarting { systemRead(number, buffer.baseAddress, limit) }
            used = max(0, count)
        }
        return count < 0 ? nil : bytes
    }

    private static func restarting<Result: SignedInteger>(_ call: () -> Result) -> Result {
        while true {
            let result = call()
            guard result < 0, errno == EINTR else { return result }
        }
    }
}

private func systemRead(_ file: Int32, _ bytes: UnsafeMutableRawPointer?, _ count: Int) -> Int {
    read(file, bytes, count)
}
