#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Musl)
    internal import Musl
#endif

/// A worker's place among the workers of one group on one host: the lowest that is free.
///
/// The place is a name among Linux's abstract sockets. It goes with the process, however that ends, so whoever takes a
/// killed worker's place takes its name too, and under static membership its partitions, at once; a worker that is frozen
/// keeps its place. There is no file that could be left behind, or that two workers on one host would not both see, as
/// where each has a temporary directory of its own. Containers are hosts: they have names and abstract sockets of their
/// own.
package final class InstanceSlot: Sendable {
    /// From 0.
    package let number: Int
    private let descriptor: CInt

    /// Far more workers than a host can run; a host that is out of places has another fault.
    private static let limit = 4096

    /// Takes a place.
    ///
    /// - Throws: where sockets are not to be had.
    package init(group: String) throws(InstanceSlotError) {
        #if os(Linux)
            let descriptor = socket(AF_UNIX, CInt(SOCK_DGRAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
            guard descriptor >= 0 else { throw InstanceSlotError(errno) }
            for number in 0..<Self.limit {
                if Self.claim(descriptor, "linefeed/\(Self.digest(group))/\(number)") {
                    self.number = number
                    self.descriptor = descriptor
                    return
                }
                let code = errno
                guard code == EADDRINUSE else {
                    close(descriptor)
                    throw InstanceSlotError(code)
                }
            }
            close(descriptor)
            throw InstanceSlotError(EADDRINUSE)
        #else
            throw InstanceSlotError(description: "places are known on Linux alone")
        #endif
    }

    deinit {
        #if os(Linux)
            close(descriptor)
        #endif
    }

    /// `group.instance.id` of the worker in this place: the host's name, and from the second place on the number, which
    /// no host's name can end in, since `_` is not allowed there.
    package func instance(host: String) -> String {
        let host = String(host.map { Self.isAllowed($0) ? $0 : "-" })
        return number == 0 ? host : "\(host)_\(number)"
    }

    /// Whether Kafka takes this for a `group.instance.id`: what it takes for a topic's name.
    package static func isInstance(_ text: String) -> Bool {
        (1...249).contains(text.utf8.count) && text != "." && text != ".." && text.allSatisfy(isAllowed)
    }

    private static func isAllowed(_ character: Character) -> Bool {
        character.isASCII && (character.isLetter || character.isNumber || "._-".contains(character))
    }

    /// A group's name may be longer than a socket's: Fowler, Noll and Vo's FNV-1a. Groups of the same digest would only
    /// share their numbers.
    private static func digest(_ text: String) -> String {
        let hash = text.utf8.reduce(0xcbf2_9ce4_8422_2325 as UInt64) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 }
        return String(hash, radix: 16)
    }

    #if os(Linux)
        private static func claim(_ descriptor: CInt, _ name: String) -> Bool {
            var address = sockaddr_un()
            address.sun_family = sa_family_t(AF_UNIX)
            // A first byte of 0 makes it abstract: a name in no file system.
            let bytes = [0] + Array(name.utf8)
            withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: bytes) }
            let length = MemoryLayout.offset(of: \sockaddr_un.sun_path).map { socklen_t($0 + bytes.count) } ?? 0
            return withUnsafePointer(to: &address) { pointer in
                pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(descriptor, $0, length) == 0 }
            }
        }
    #endif
}

/// Why there is no place for a worker on this host.
package struct InstanceSlotError: Error, Sendable, CustomStringConvertible {
    package let description: String

    init(description: String) { self.description = description }

    init(_ code: CInt) {
        let reason = strerror(code).map { String(cString: $0) } ?? "error \(code)"
        description = "cannot take a place among the group's workers on this host: \(reason)"
    }
}
