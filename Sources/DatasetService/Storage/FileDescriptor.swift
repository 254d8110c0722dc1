#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// An open file or folder, closed with the last reference to it.
final class FileDescriptor: Sendable {
    private let number: Int32

    private init?(_ number: Int32) {
        guard number >= 0 else { return nil }
        self.number = number
    }

    /// Opens a folder; nil where that fails.
    convenience init?(folder path: String) {
        self.init(Self.restarting { open(path, O_RDONLY | O_CLOEXEC | O_DIRECTORY) })
    }

    /// Opens a file to lock it, and makes it where there is none; nil where that fails.
    convenience init?(lock path: String) {
        self.init(Self.restarting { open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600) })
    }

    /// Opens a folder in this one; nil where that fails, or where the name is that of a symbolic link.
    func folder(_ name: String) -> FileDescriptor? {
        FileDescriptor(
            Self.restarting { openat(number, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_DIRECTORY) })
    }

    /// Opens a file in this folder to read it; nil where that fails, or where the name is that of anything else.
    func file(_ name: String) -> FileDescriptor? {
        // A pipe would block the opening for ever.
        let file = FileDescriptor(
            Self.restarting { openat(number, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK) })
        guard let file, file.isRegularFile else { return nil }
        return file
    }

    deinit {
        close(number)
    }

    private var isRegularFile: Bool {
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

    /// Locks the file for who has opened it here, until it is closed.
    ///
    /// - Returns: false where somebody else has locked it.
    func takeAlone() -> Bool {
        Self.restarting { flock(number, LOCK_EX | LOCK_NB) } == 0
    }

    /// Waits until what was written, or the names in this folder, are on disk.
    ///
    /// - Returns: Whether they are.
    func synchronize() -> Bool {
        Self.restarting { fsync(number) } == 0
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
