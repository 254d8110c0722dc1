import GRDB

extension Schema {
    /// What the page needs to show one dataset's latest updates without reading the history of all of them.
    static func registerPageMigrations(_ migrator: inout DatabaseMigrator) {
        migrator.registerMigration("history by dataset") { database in
            // Every index of SQLite ends in the row's id, which is the order of acceptance.
            try database.execute(
                sql: """
                    CREATE INDEX update_history_by_dataset ON update_history (project, dataset_type);
                    CREATE INDEX update_failure_by_dataset ON update_failure (project, dataset_type);
                    """)
        }
    }
}
