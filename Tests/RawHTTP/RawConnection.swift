import Foundation

/// One TCP connection to loopback that sends whatever bytes a test wants sent. Its calls block.
package final class RawConnection {
    /// Something that the system refused, or time that ran out.
    package struct Failure: Error, CustomStringConvertible {
        package var description: String
    }

    private let descriptor: Int32

    /// - Parameters:
    ///   - port: of the server, on 127.0.0.1.
    ///   - timeout: in seconds, for each call that waits.
    /// - Throws: ``Failure``
    package init(port: Int, timeout: Int = 20) throws {
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        guard descriptor >= 0 else { throw Failure(description: "socket: \(errno)") }
        var limit = timeval(tv_sec: timeout, tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
        setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(port).bigEndian
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        let connected = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard connected == 0 else { throw Failure(description: "connect: \(errno)") }
    }

    deinit {
        close(descriptor)
    }

    /// Sends all bytes.
    ///
    /// - Throws: ``Failure``
    /// - Returns: false where the other side has closed the connection before they were all sent.
    @discardableResult
    package func send(_ bytes: some Collection<UInt8>) throws -> Bool {
        let bytes = Array(bytes)
        var sent = 0
        while sent < bytes.count {
            let count = bytes[sent...].withUnsafeBytes {
                Foundation.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            if count < 0, errno == EINTR { continue }
            if count < 0, errno == EPIPE || errno == ECONNRESET { return false }
            guard count > 0 else { throw Failure(description: "send: \(errno)") }
            sent += count
        }
        return true
    }

    /// Says that nothing more will be sent.
    package func endSending() {
        shutdown(descriptor, Int32(SHUT_WR))
    }

    /// Reads until `isEnough` or the other side's end, orderly or not.
    ///
    /// - Throws: ``Failure`` where neither comes in time.
    package func read(until isEnough: ([UInt8]) -> Bool = { _ in false }) throws -> [UInt8] {
        var answer: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 64 * 1024)
        while !isEnough(answer) {
            let count = recv(descriptor, &chunk, chunk.count, 0)
            if count < 0, errno == EINTR { continue }
            if count < 0, errno == EAGAIN { throw Failure(description: "no answer and no end in time") }
            guard count > 0 else { return answer }
            answer += chunk[..<count]
        }
        return answer
    }

    /// Runs a body that blocks on a thread of its own.
    ///
    /// - Throws: what the body throws.
    package static func onThread<Value: Sendable>(
        _ body: @escaping @Sendable () throws -> Value
    ) async throws -> Value {
        try await withCheckedThrowingContinuation { continuation in
            Thread.detachNewThread { continuation.resume(with: Result(catching: body)) }
        }
    }
}

/// The statuses of the answers in what a server has sent.
package func statuses(in answer: [UInt8]) -> [Int] {
    String(decoding: answer, as: UTF8.self).components(separatedBy: "HTTP/1.1 ").dropFirst().compactMap {
        Int($0.prefix(3))
    }
}
