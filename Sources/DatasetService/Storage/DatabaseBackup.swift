import FoundationEssentials
import GRDB

/// Copies of a whole database: taken while it is served, and put back while it is not.
package enum DatabaseBackup {
    /// What a copy holds.
    package struct Summary: Sendable, Hashable {
        package var projects: Int
        package var datasets: Int
        /// Of all datasets.
        package var entries: Int
        /// Of the file.
        package var bytes: Int64
    }

    /// Why there is no copy.
    package enum Failure: Error, Sendable, Hashable, CustomStringConvertible {
        case fileExists(String)
        case noSuchFile(String)
        /// No database, or none of this service, or one that a later version wrote.
        case foreign(String, reason: String)
        case damaged(String, reason: String)
        /// Another process has it open.
        case inUse(String)

        package var description: String {
            switch self {
            case .fileExists(let path): "\(path) exists already"
            case .noSuchFile(let path): "\(path) does not exist"
            case .foreign(let path, let reason): "\(path) is no database of this service: \(reason)"
            case .damaged(let path, let reason): "\(path) is damaged: \(reason)"
            case .inUse(let path): "\(path) is in use; stop what serves it first"
            }
        }
    }

    /// Writes the database as it is at one moment into a new file, also while a server writes to it.
    ///
    /// The file appears under its name only when it is whole, checked and on disk. It needs no `-wal` beside it.
    /// - Throws: ``Failure``, or `DatabaseError` or a Cocoa error where the disk fails.
    package static func write(_ database: String, to file: String) throws -> Summary {
        guard !FileManager.default.fileExists(atPath: file) else { throw Failure.fileExists(file) }
        let partial = file + ".partial"
        // Of a backup that was killed.
        try? FileManager.default.removeItem(atPath: partial)
        defer { try? FileManager.default.removeItem(atPath: partial) }
        let source = try open(database)
        let copy = try DatabaseQueue(path: partial)
        // In one step: it reads one snapshot, for which no writer has to wait. In several, each commit of a server would
        // start it afresh.
        try source.backup(to: copy)
        try copy.writeWithoutTransaction { database in
            // The copy says WAL, as the original does; then it would be a file that needs others.
            try database.execute(sql: "PRAGMA journal_mode = DELETE")
        }
        let summary = try check(copy, named: file)
        try copy.close()
        try source.close()
        try FileManager.default.moveItem(atPath: partial, toPath: file)
        try syncFolder(of: file)
        return summary
    }

    /// Puts a backup in a database's place, whole or not at all, even if the process is killed meanwhile.
    ///
    /// - Parameters:
    ///   - file: What ``write(_:to:)`` wrote.
    ///   - database: Where to.
    ///   - replacing: Whether the database may exist; what it holds is gone afterwards.
    /// - Returns: What the database holds now.
    /// - Throws: ``Failure``, or `DatabaseError` or a Cocoa error where the disk fails.
    package static func restore(_ file: String, to database: String, replacing: Bool) throws -> Summary {
        let exists = FileManager.default.fileExists(atPath: database)
        guard replacing || !exists else { throw Failure.fileExists(database) }
        let source = try open(file)
        _ = try check(source, named: file)
        let target = try takeAlone(database)
        do {
            try source.backup(to: target)
            let summary = try check(target, named: database)
            try target.close()
            try source.close()
            try syncFolder(of: database)
            return summary
        } catch {
            try? target.close()
            if !exists { try? FileManager.default.removeItem(atPath: database) }
            throw error
        }
    }

    /// Opens a database of this service to read it, and changes nothing in it.
    private static func open(_ path: String) throws -> DatabaseQueue {
        guard FileManager.default.fileExists(atPath: path) else { throw Failure.noSuchFile(path) }
        var configuration = Configuration()
        configuration.readonly = true
        configuration.busyMode = .timeout(10)
        do {
            let queue = try DatabaseQueue(path: path, configuration: configuration)
            let (isOurs, isLater) = try queue.read { database in
                try (
                    !Schema.migrator.appliedIdentifiers(database).isEmpty, Schema.migrator.hasBeenSuperseded(database)
                )
            }
            guard !isLater else { throw Failure.foreign(path, reason: "a later version wrote it") }
            guard isOurs else { throw Failure.foreign(path, reason: "it has none of its tables") }
            return queue
        } catch let error as DatabaseError where error.resultCode == .SQLITE_NOTADB {
            throw Failure.foreign(path, reason: "it is no SQLite database")
        }
    }

    /// Opens a database so that nobody else can until it is closed.
    ///
    /// Who has a database in WAL mode open holds a lock on it for as long, idle or not, so that leaving WAL mode fails.
    private static func takeAlone(_ path: String) throws -> DatabaseQueue {
        var configuration = Configuration()
        configuration.busyMode = .immediateError
        do {
            let queue = try DatabaseQueue(path: path, configuration: configuration)
            try queue.writeWithoutTransaction { database in
                try database.execute(sql: "PRAGMA locking_mode = EXCLUSIVE")
                try database.execute(sql: "PRAGMA journal_mode = DELETE")
                // The lock is taken by the first that is written, and then kept.
                try database.execute(sql: "BEGIN EXCLUSIVE; COMMIT")
            }
            return queue
        } catch let error as DatabaseError where error.resultCode == .SQLITE_BUSY {
            throw Failure.inUse(path)
        } catch let error as DatabaseError where error.resultCode == .SQLITE_NOTADB {
            throw Failure.foreign(path, reason: "it is no SQLite database")
        }
    }

    private static func check(_ queue: DatabaseQueue, named path: String) throws -> Summary {
        try queue.writeWithoutTransaction { database in
            let problems = try String.fetchAll(database, sql: "PRAGMA integrity_check(1)")
            guard problems == ["ok"] else { throw Failure.damaged(path, reason: problems.joined(separator: "; ")) }
            let orphans = try Row.fetchAll(database, sql: "PRAGMA foreign_key_check")
            guard orphans.isEmpty else { throw Failure.damaged(path, reason: "rows refer to rows that are not there") }
            func number(_ query: String) throws -> Int64 { try Int64.fetchOne(database, sql: query) ?? 0 }
            return Summary(
                projects: Int(try number("SELECT count(*) FROM project")),
                datasets: Int(try number("SELECT count(*) FROM dataset")),
                entries: Int(try number("SELECT coalesce(sum(total), 0) FROM dataset")),
                bytes: try number("PRAGMA page_count") * number("PRAGMA page_size"))
        }
    }

    /// Lets the file's name outlast a loss of power.
    private static func syncFolder(of file: String) throws {
        let folder = URL(filePath: file).deletingLastPathComponent().path
        guard FileDescriptor(folder: folder)?.synchronize() == true else { throw CocoaError(.fileWriteUnknown) }
    }
}
