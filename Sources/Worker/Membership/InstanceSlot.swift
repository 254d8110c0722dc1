#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Musl)
    internal import Musl
#else
    internal import Darwin
#endif

/// A worker's place among the workers of one group on one host: the lowest that is free, held by a lock on a file.
///
/// The lock goes with the process, however that ends, so whoever takes a killed worker's place takes its name too, and
/// under static membership its partitions, at once. A worker that is frozen keeps its place.
package final class InstanceSlot: Sendable {
    /// From 0.
    package let number: Int
    private let descriptor: CInt

    /// Far more workers than a host can run; a host that is out of places has another fault.
    private static let limit = 4096

    /// Takes a place.
    ///
    /// - Parameters:
    ///   - group: the consumer group.
    ///   - directory: where the lock files are; made where it is missing. It must be ours alone: in one that others may
    ///     write to, they could hold our places.
    /// - Throws: where the directory or a file in it is not to be had; it names the path.
    package init(group: String, directory: String) throws(InstanceSlotError) {
        try Self.prepare(directory)
        for number in 0..<Self.limit {
            let path = "\(directory)/\(Self.fileName(group)).\(number).lock"
            let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600)
            guard descriptor >= 0 else { throw InstanceSlotError(path, "open", errno) }
            if flock(descriptor, LOCK_EX | LOCK_NB) == 0 {
                self.number = number
                self.descriptor = descriptor
                return
            }
            let code = errno
            close(descriptor)
            guard code == EWOULDBLOCK else { throw InstanceSlotError(path, "lock", code) }
        }
        throw InstanceSlotError(directory, "find a free place in", EAGAIN)
    }

    deinit { close(descriptor) }

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

    private static func prepare(_ directory: String) throws(InstanceSlotError) {
        guard mkdir(directory, 0o700) != 0 else { return }
        guard errno == EEXIST else { throw InstanceSlotError(directory, "make", errno) }
        var found = stat()
        guard lstat(directory, &found) == 0 else { throw InstanceSlotError(directory, "look at", errno) }
        guard found.st_mode & S_IFMT == S_IFDIR else { throw InstanceSlotError(directory, "use", ENOTDIR) }
        guard found.st_uid == geteuid(), found.st_mode & 0o022 == 0 else {
            throw InstanceSlotError(directory, "trust", EPERM)
        }
    }

    /// A group may have any name; a file may not.
    private static func fileName(_ group: String) -> String {
        let escaped = group.utf8.map { byte in
            let character = Character(UnicodeScalar(byte))
            return isAllowed(character) && character != "." ? String(character) : "%" + String(byte, radix: 16)
        }
        return "group-" + escaped.joined()
    }
}

/// Why there is no place: which file, and what could not be done with it.
package struct InstanceSlotError: Error, Sendable, CustomStringConvertible {
    package let path: String
    package let description: String

    init(_ path: String, _ operation: String, _ code: CInt) {
        self.path = path
        let reason = strerror(code).map { String(cString: $0) } ?? "error \(code)"
        description = "cannot \(operation) \(path): \(reason)"
    }
}
