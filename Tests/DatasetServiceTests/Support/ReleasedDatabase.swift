import Foundation
import GRDB

/// A database as version 1 of the schema wrote it, with something in every table.
///
/// Written down apart from the migrations, and not to be changed: it is what people have on their disks.
enum ReleasedDatabase {
    static func write(to path: String) throws {
        let queue = try DatabaseQueue(path: path)
        try queue.writeWithoutTransaction { database in
            try database.execute(sql: "PRAGMA journal_mode = WAL")
            try database.execute(sql: schema)
            try database.execute(sql: contents)
        }
        try queue.close()
    }

    private static let schema = """
        CREATE TABLE grdb_migrations (identifier TEXT NOT NULL PRIMARY KEY);
        INSERT INTO grdb_migrations VALUES ('1 projects, datasets, entries, updates');

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
            latest_token   TEXT,
            bucket         TEXT,
            total          INTEGER NOT NULL DEFAULT 0,
            normal         INTEGER NOT NULL DEFAULT 0,
            anomaly        INTEGER NOT NULL DEFAULT 0,
            UNIQUE (project_id, type)
        ) STRICT;
        CREATE TABLE entry (
            id         INTEGER PRIMARY KEY,
            dataset_id INTEGER NOT NULL REFERENCES dataset (id) ON DELETE CASCADE,
            source_ref TEXT NOT NULL,
            class      INTEGER NOT NULL CHECK (class IN (0, 1, 2)),
            created_at INTEGER NOT NULL,
            line       TEXT NOT NULL,
            UNIQUE (dataset_id, source_ref)
        ) STRICT;
        CREATE INDEX entry_in_order ON entry (dataset_id);
        CREATE TABLE accepted_update (
            id          INTEGER PRIMARY KEY AUTOINCREMENT,
            dataset_id  INTEGER NOT NULL REFERENCES dataset (id) ON DELETE CASCADE,
            token       TEXT NOT NULL,
            digest      BLOB NOT NULL,
            accepted_at INTEGER NOT NULL,
            state       TEXT NOT NULL CHECK (
                state IN ('UPDATE_IN_PROGRESS', 'UPDATE_COMPLETE', 'UPDATE_FAILED_ROLLBACK_COMPLETE')),
            UNIQUE (dataset_id, token)
        ) STRICT;
        CREATE INDEX accepted_update_by_age ON accepted_update (accepted_at);
        CREATE INDEX accepted_update_pending ON accepted_update (id) WHERE state = 'UPDATE_IN_PROGRESS';
        CREATE TABLE pending_payload (
            update_id INTEGER PRIMARY KEY REFERENCES accepted_update (id) ON DELETE CASCADE,
            payload   BLOB NOT NULL
        ) STRICT;
        CREATE TABLE update_history (
            id           INTEGER PRIMARY KEY,
            project      TEXT NOT NULL,
            dataset_type TEXT NOT NULL,
            token        TEXT NOT NULL,
            lines        INTEGER NOT NULL,
            bytes        INTEGER NOT NULL,
            accepted_at  INTEGER NOT NULL,
            applied_at   INTEGER NOT NULL
        ) STRICT;
        CREATE TABLE update_failure (
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

    // Three updates of boards/train: applied, failed, and accepted but not applied yet.
    private static let contents = """
        INSERT INTO project VALUES (1, 'boards', 'project-token', 1699999000000000), (3, 'empty', NULL, 1699999000000001);
        INSERT INTO dataset VALUES
            (5, 1, 'train', 'dataset-token', 1699999100000000, 1699999400000000, 'UPDATE_IN_PROGRESS',
             'The update is being applied.', 'third', 'photos', 3, 1, 1),
            (6, 1, 'test', NULL, 1699999100000000, 1699999100000000, 'CREATE_COMPLETE', 'The dataset was created.',
             NULL, NULL, 0, 0, 0);
        INSERT INTO entry VALUES
            (10, 5, 's3://photos/1', 1, 1699999200000000, '\(line("1", "normal"))'),
            (11, 5, 's3://photos/2', 2, 1699999200000000, '\(line("2", "anomaly"))'),
            (12, 5, 's3://photos/3', 0, 1699999200000000, '\(line("3"))');
        INSERT INTO accepted_update VALUES
            (20, 5, 'first', x'01', 1699999200000000, 'UPDATE_COMPLETE'),
            (21, 5, 'second', x'02', 1699999300000000, 'UPDATE_FAILED_ROLLBACK_COMPLETE'),
            (22, 5, 'third', x'03', 1699999400000000, 'UPDATE_IN_PROGRESS');
        INSERT INTO pending_payload VALUES (22, CAST('\(line("3", "normal"))' AS BLOB));
        INSERT INTO update_history VALUES
            (20, 'boards', 'train', 'first', 3, 400, 1699999200000000, 1699999201000000);
        INSERT INTO update_failure VALUES
            (21, 'boards', 'train', 'second', 2, 1699999300000000, 1699999301000000, 'Nothing was applied: …');
        """
}
