import FoundationEssentials
import Synchronization

/// Keeps a database to the one process that serves it: two that apply the same updates would each wait for, and repeat,
/// the other's work.
///
/// A lock of the whole file beside the database, with `.lock` after its name. Not of the database itself, since SQLite's
/// own locks on a file end when any descriptor of that file is closed. Reading and copying the database takes no lock. The
/// system ends it with the process; the empty file stays, since removing it would let in two who have opened it at
/// different times.
package final class DatabaseLock: Sendable {
    /// Why there is none.
    package enum Failure: Error, Sendable, Hashable, CustomStringConvertible {
        case held(String)
        case unavailable(String)

        package var description: String {
            switch self {
            case .held(let path): "another process serves it and holds the lock \(path)"
            case .unavailable(let path): "the lock \(path) cannot be opened"
            }
        }
    }

    private let file: Mutex<FileDescriptor?>

    /// Takes the lock of a database, which need not exist yet. It is held until it is released, or the
    /// last reference to this is gone.
    init(database path: String) throws(Failure) {
        // Two names for one database have one lock.
        let path = URL(filePath: path).resolvingSymlinksInPath().path + ".lock"
        guard let file = FileDescriptor(lock: path) else { throw .unavailable(path) }
        guard file.takeAlone() else { throw .held(path) }
        self.file = Mutex(file)
    }

    /// Lets others serve the database.
    func release() {
        file.withLock { $0 = nil }
    }
}
