import FoundationEssentials

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// A file that only its owner and group may have to do with.
enum SecretFile {
    static let largestBytes = 1 << 20

    /// Reads the whole file. Its mode is asked of the file that was opened, not of the name.
    ///
    /// - Throws: ``AccessError/file(path:reason:)`` where it cannot be read, others have any permission, the group may
    ///   write, or it is larger than 1 MiB.
    static func read(_ path: String) throws(AccessError) -> Data {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { throw .file(path: path, reason: lastError()) }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw .file(path: path, reason: lastError()) }
        guard status.st_mode & S_IFMT == S_IFREG else { throw .file(path: path, reason: "it is no file") }
        guard status.st_mode & 0o027 == 0 else {
            let mode = String(status.st_mode & 0o777, radix: 8)
            throw .file(path: path, reason: "others may read or change it (mode \(mode)); chmod 600 or 640")
        }
        var data = Data()
        var chunk = [UInt8](repeating: 0, count: 64 * 1024)
        while true {
            let count = readBytes(descriptor, &chunk, chunk.count)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw .file(path: path, reason: lastError()) }
            guard count > 0 else { return data }
            data.append(contentsOf: chunk[..<count])
            guard data.count <= largestBytes else {
                throw .file(path: path, reason: "it is larger than \(largestBytes) bytes")
            }
        }
    }

    /// The system's `read`, which the method above hides.
    private static func readBytes(_ descriptor: Int32, _ bytes: UnsafeMutableRawPointer, _ count: Int) -> Int {
        #if canImport(Glibc)
            Glibc.read(descriptor, bytes, count)
        #else
            Darwin.read(descriptor, bytes, count)
        #endif
    }

    private static func lastError() -> String { String(cString: strerror(errno)) }
}
