import GRDB

/// The tables, as migrations: each is applied once, in order, and never changed after a release.
///
/// All times are INTEGER microseconds since the Unix epoch; in the sqlite3 shell:
/// `SELECT token, lines, datetime(applied_at / 1000000, 'unixepoch') FROM update_history;`
enum Schema {
    static var migrator: DatabaseMigrator {
        var migrator = DatabaseMigrator()
        migrator.registerMigration("1 projects, datasets, entries, updates") { database in
            try database.execute(sql: projects)
            try database.execute(sql: entries)
            try database.execute(sql: updates)
            try database.execute(sql: history)
        }
        migrator.registerMigration("2 manifests, deletions, listing by class") { database in
            try database.execute(sql: manifests)
            try database.execute(sql: deletions)
            try database.execute(sql: listingByClass)
        }
        registerPageMigrations(&migrator)
        return migrator
    }

    // AUTOINCREMENT: a dataset's id is never used again, so a page token or an update of a deleted dataset cannot
    // reach the one that took its name.
    private static let projects = """
        CREATE TABLE project (
            id             INTEGER PRIMARY KEY AUTOINCREMENT,
            name           TEXT NOT NULL UNIQUE,
            creation_token TEXT,
            created_at     INTEGER NOT NULL
        ) STRICT;

        CREATE TABLE dataset (
            id             INTEGER PRIMARY KEY AUTOINCREMENT,
            project_id     INTEGER NOT NULL REFERENCES project (id),
            type           TEXT NOT NULL CHECK (type IN ('train', 'test')),
            creation_token TEXT,
            created_at     INTEGER NOT NULL,
            updated_at     INTEGER NOT NULL,
            status         TEXT NOT NULL,
            status_message TEXT NOT NULL,
            latest_token   TEXT,                       -- of the latest accepted update
            bucket         TEXT,                       -- of all its images; unknown until the first
            total          INTEGER NOT NULL DEFAULT 0, -- images, kept as entries come
            normal         INTEGER NOT NULL DEFAULT 0,
            anomaly        INTEGER NOT NULL DEFAULT 0,
            UNIQUE (project_id, type)
        ) STRICT;
        """

    // An entry keeps its id when its line is replaced, and ids only grow: the order of listing is that of first
    // arrival, and a page that begins after an id neither repeats nor misses an entry while updates are applied.
    private static let entries = """
        CREATE TABLE entry (
            id         INTEGER PRIMARY KEY,
            dataset_id INTEGER NOT NULL REFERENCES dataset (id) ON DELETE CASCADE,
            source_ref TEXT NOT NULL,
            class      INTEGER NOT NULL CHECK (class IN (0, 1, 2)), -- unlabelled, normal, anomaly
            created_at INTEGER NOT NULL, -- the line's creation-date, else when its update was accepted
            line       TEXT NOT NULL,
            UNIQUE (dataset_id, source_ref)
        ) STRICT;

        -- Every index of SQLite ends in the row's id: this one is (dataset_id, id), the order of listing.
        CREATE INDEX entry_in_order ON entry (dataset_id);
        """

    private static let updates = """
        CREATE TABLE accepted_update (
            id          INTEGER PRIMARY KEY AUTOINCREMENT,
            dataset_id  INTEGER NOT NULL REFERENCES dataset (id) ON DELETE CASCADE,
            token       TEXT NOT NULL,
            digest      BLOB NOT NULL, -- SHA-256 of the parameters: the same token with others is refused
            accepted_at INTEGER NOT NULL,
            state       TEXT NOT NULL CHECK (
                state IN ('UPDATE_IN_PROGRESS', 'UPDATE_COMPLETE', 'UPDATE_FAILED_ROLLBACK_COMPLETE')),
            UNIQUE (dataset_id, token)
        ) STRICT;

        CREATE INDEX accepted_update_by_age ON accepted_update (accepted_at);
        CREATE INDEX accepted_update_pending ON accepted_update (id) WHERE state = 'UPDATE_IN_PROGRESS';

        -- What is still to be applied; the row goes in the transaction that applies it.
        CREATE TABLE pending_payload (
            update_id INTEGER PRIMARY KEY REFERENCES accepted_update (id) ON DELETE CASCADE,
            payload   BLOB NOT NULL
        ) STRICT;
        """

    // No reference to the dataset: the history outlives it. The primary key is the update's id, so that the database
    // itself refuses to record one update as applied twice.
    private static let history = """
        CREATE TABLE update_history ( -- only updates that were applied
            id           INTEGER PRIMARY KEY,
            project      TEXT NOT NULL,
            dataset_type TEXT NOT NULL,
            token        TEXT NOT NULL,
            lines        INTEGER NOT NULL,
            bytes        INTEGER NOT NULL,
            accepted_at  INTEGER NOT NULL,
            applied_at   INTEGER NOT NULL
        ) STRICT;

        CREATE TABLE update_failure ( -- only updates that were refused whole; no entry came of them
            id             INTEGER PRIMARY KEY,
            project        TEXT NOT NULL,
            dataset_type   TEXT NOT NULL,
            token          TEXT NOT NULL,
            bytes          INTEGER NOT NULL,
            accepted_at    INTEGER NOT NULL,
            failed_at      INTEGER NOT NULL,
            status_message TEXT NOT NULL
        ) STRICT;
        """

    private static let manifests = """
        ALTER TABLE dataset ADD COLUMN source TEXT; -- s3://BUCKET/KEY of the manifest it was created from

        -- What a start after a stop has to go on with, beside the updates.
        CREATE INDEX dataset_unfinished ON dataset (id) WHERE status IN ('CREATE_IN_PROGRESS', 'DELETE_IN_PROGRESS');
        """

    // Outlives what was deleted, so that a late repetition does not delete what has taken its name since.
    private static let deletions = """
        CREATE TABLE accepted_deletion (
            resource    TEXT NOT NULL, -- PROJECT or PROJECT/TYPE
            token       TEXT NOT NULL,
            accepted_at INTEGER NOT NULL,
            PRIMARY KEY (resource, token)
        ) STRICT, WITHOUT ROWID;

        CREATE INDEX accepted_deletion_by_age ON accepted_deletion (accepted_at);
        """

    // In place of entry_in_order: a page of one class is read as directly as one of all three, which are merged.
    private static let listingByClass = """
        DROP INDEX entry_in_order;
        CREATE INDEX entry_by_class ON entry (dataset_id, class);
        """
}
