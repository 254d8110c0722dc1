import GRDB
package import LookoutVision

/// Where the datasets live: one SQLite database in WAL mode, one writer, readers that never wait for it.
///
/// The only place with SQL. Refusals that the API has a name for are thrown as ``APIException``; everything else is the
/// database's own `DatabaseError`. Several processes may open the same file; only one should serve it.
package struct DatasetStore: Sendable {
    let pool: DatabasePool
    /// The clock of everything that is stored and of the tokens' age.
    let now: @Sendable () -> Timestamp

    /// Opens the database, creating or migrating it.
    ///
    /// - Throws: `DatabaseError` where the file cannot be opened, is no database or is of a later version.
    package init(path: String, now: @escaping @Sendable () -> Timestamp = Timestamp.now) throws {
        var configuration = Configuration()
        configuration.label = "linefeed.datasets"
        // Another process (the sqlite3 shell, a backup) may hold the lock for a moment.
        configuration.busyMode = .timeout(10)
        pool = try DatabasePool(path: path, configuration: configuration)
        self.now = now
        // Only after opening: GRDB sets NORMAL when it turns on WAL, and with NORMAL a loss of power can take back a
        // transaction that was answered with 202.
        try pool.writeWithoutTransaction { try $0.execute(sql: "PRAGMA synchronous = FULL") }
        try Schema.migrator.migrate(pool)
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
