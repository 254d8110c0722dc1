import GRDB
import LookoutVision

extension DatasetStore {
    /// Takes a deletion on, unless something is going on in the dataset. The history stays.
    ///
    /// A small dataset is gone when this returns. Of a larger one what is left is a job's work, and the dataset is
    /// DELETE_IN_PROGRESS until that is done.
    /// - Returns: The dataset whose entries are still to be removed, if there is one.
    /// - Throws: ``APIException``: ResourceNotFound, Conflict (busy).
    func deleteDataset(_ name: DatasetName, token: String? = nil) async throws -> DatasetID? {
        try await pool.write { [now] database in
            let time = now()
            let resource = name.description
            if try Self.isRepeatedDeletion(of: resource, token: token, now: time, in: database) { return nil }
            let dataset = try Self.requireDataset(name, in: database)
            guard dataset.status.isTerminal else {
                throw Self.conflict(name, "Dataset \(name) is \(dataset.status.rawValue); delete it when that is over.")
            }
            try Self.recordDeletion(of: resource, token: token, at: time, in: database)
            try database.execute(
                sql: "UPDATE dataset SET status = ?, status_message = ?, updated_at = ? WHERE id = ?",
                arguments: [
                    DatasetStatus.deleteInProgress.rawValue, "The dataset is being deleted.", time.microseconds,
                    dataset.id.rawValue,
                ])
            return try Self.deleteSlice(of: dataset.id, in: database) ? nil : dataset.id
        }
    }

    /// Removes a bounded part of a dataset that is being deleted, at last the dataset itself.
    ///
    /// - Returns: Whether it is gone, also where it was before.
    func continueDeletion(of id: DatasetID) async throws -> Bool {
        try await pool.write { database in
            let isBeingDeleted =
                try Bool.fetchOne(
                    database, sql: "SELECT status = 'DELETE_IN_PROGRESS' FROM dataset WHERE id = ?",
                    arguments: [id.rawValue]) ?? false
            return try !isBeingDeleted || Self.deleteSlice(of: id, in: database)
        }
    }

    /// - Returns: Whether there are no entries left.
    static func removeEntries(of id: DatasetID, in database: Database) throws -> Bool {
        try removeRows(of: "entry", id, in: database) < rowsRemovedAtOnce
    }

    private static func deleteSlice(of id: DatasetID, in database: Database) throws -> Bool {
        guard try removeEntries(of: id, in: database),
            try removeRows(of: "accepted_update", id, in: database) < rowsRemovedAtOnce
        else { return false }
        try database.execute(sql: "DELETE FROM dataset WHERE id = ?", arguments: [id.rawValue])
        return true
    }

    private static func removeRows(of table: String, _ id: DatasetID, in database: Database) throws -> Int {
        try database.execute(
            sql: "DELETE FROM \(table) WHERE id IN (SELECT id FROM \(table) WHERE dataset_id = ? LIMIT ?)",
            arguments: [id.rawValue, rowsRemovedAtOnce])
        return database.changesCount
    }
}
