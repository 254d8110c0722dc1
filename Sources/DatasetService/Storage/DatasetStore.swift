import GRDB
package import LookoutVision

/// Where the datasets live: one SQLite database in WAL mode, one writer, readers that never wait for it.
///
/// The only place with SQL. Refusals that the API has a name for are thrown as ``APIException``; everything else is the
/// database's own `DatabaseError`. Several processes may open the same file; only one serves it, see ``DatabaseLock``.
package struct DatasetStore: Sendable {
    /// Rows that one transaction removes at most, so that no other dataset waits long for its turn to write.
    static let rowsRemovedAtOnce = 5_000

    let pool: DatabasePool
    let quotas: Quotas
    /// The clock of everything that is stored and of the tokens' age.
    let now: @Sendable () -> Timestamp

    /// Opens the database, creating or migrating it.
    ///
    /// - Throws: `DatabaseError` where the file cannot be opened, is no database or is of a later version.
    package init(
        path: String, quotas: Quotas = Quotas(), now: @escaping @Sendable () -> Timestamp = Timestamp.now
    ) throws {
        var configuration = Configuration()
        configuration.label = "linefeed.datasets"
        // Another process (the sqlite3 shell, a backup) may hold the lock for a moment.
        configuration.busyMode = .timeout(10)
        // A search for a part of an address may pass over a whole dataset; polls must not wait behind a few of those.
        configuration.maximumReaderCount = 16
        pool = try DatabasePool(path: path, configuration: configuration)
        self.quotas = quotas
        self.now = now
        try pool.writeWithoutTransaction { database in
            // Only after opening: GRDB sets NORMAL when it turns on WAL, and with NORMAL a loss of power can take back
            // a transaction that was answered with 202.
            try database.execute(sql: "PRAGMA synchronous = FULL")
            // An update touches a dataset's pages all over. What 30,000 lines change among half a million entries (85 MiB)
            // fits here; what does not fit is written and read again before the transaction is over.
            try database.execute(sql: "PRAGMA cache_size = -131072")
            // Not after 4 MiB: taking on an update of 10 MiB would wait for its pages to be copied into the database, only
            // for applying it to free them.
            try database.execute(sql: "PRAGMA wal_autocheckpoint = 4096")
        }
        try Schema.migrator.migrate(pool)
        guard try pool.read(Schema.migrator.hasBeenSuperseded) == false else {
            throw DatabaseError(message: "the database was written by a later version")
        }
    }

    /// Closes the database; nothing can be read or written afterwards.
    package func close() throws {
        try pool.close()
    }
}

/// Names one dataset of one project, both already checked against the API's patterns.
package struct DatasetName: Sendable, Hashable, CustomStringConvertible {
    package var project: String
    package var type: DatasetType

    package init(project: String, type: DatasetType) {
        self.project = project
        self.type = type
    }

    /// `PROJECT/TYPE`, as errors name the resource.
    package var description: String { "\(project)/\(type.rawValue)" }
}
