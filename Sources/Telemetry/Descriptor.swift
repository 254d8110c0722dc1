#if canImport(Glibc)
    private import Glibc
#elseif canImport(Musl)
    private import Musl
#else
    private import Darwin
#endif

/// A standard stream of the process, without a buffer in between.
package struct Descriptor: Sendable {
    package static let standardInput = Descriptor(number: 0)
    package static let standardOutput = Descriptor(number: 1)
    package static let standardError = Descriptor(number: 2)

    private let number: Int32

    /// A write to a pipe that nobody reads any more is an error to be answered, not the end of the process.
    private static let toleratesClosedPipes: Void = { _ = signal(SIGPIPE, SIG_IGN) }()

    /// - Returns: false when not everything could be written, say because nobody reads any more.
    package func write(_ text: String) -> Bool {
        _ = Self.toleratesClosedPipes
        var text = text
        return text.withUTF8 { bytes in
            var rest = UnsafeRawBufferPointer(bytes)
            while let base = rest.baseAddress, !rest.isEmpty {
                let written = systemWrite(number, base, rest.count)
                if written < 0, errno == EINTR { continue }
                // Whoever shares the stream may have made it non-blocking.
                if written < 0, errno == EAGAIN, waitUntilWritable() { continue }
                guard written > 0 else { return false }
                rest = UnsafeRawBufferPointer(rebasing: rest[written...])
            }
            return true
        }
    }

    private func waitUntilWritable() -> Bool {
        var descriptor = pollfd(fd: number, events: Int16(POLLOUT), revents: 0)
        return poll(&descriptor, 1, -1) > 0 || errno == EINTR
    }

    /// Everything up to the end; nil when reading failed.
    package func readAll() -> [UInt8]? {
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = chunk.withUnsafeMutableBytes { read(number, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { return nil }
            guard count > 0 else { return bytes }
            bytes += chunk[..<count]
        }
    }
}

private func systemWrite(_ file: Int32, _ bytes: UnsafeRawPointer, _ count: Int) -> Int { write(file, bytes, count) }
