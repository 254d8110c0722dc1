import FoundationEssentials
import GRDB
import LookoutVision

/// An accepted update that is not over yet.
struct PendingUpdate: Sendable {
    var id: UpdateID
    var datasetID: DatasetID
    var dataset: DatasetName
    var token: String
    var acceptedAt: Timestamp
    var payload: Data
}

/// How an update ended.
enum UpdateOutcome: Sendable, Hashable {
    case applied(lines: Int)
    case failed(message: String)
}

extension DatasetStore {
    /// The update with its payload; nil where it is over.
    func pendingUpdate(_ id: UpdateID) async throws -> PendingUpdate? {
        try await pool.read { database in
            let row = try Row.fetchOne(
                database,
                sql: """
                    SELECT accepted_update.dataset_id, token, accepted_at, payload, project.name, dataset.type
                    FROM accepted_update
                    JOIN pending_payload ON pending_payload.update_id = accepted_update.id
                    JOIN dataset ON dataset.id = accepted_update.dataset_id
                    JOIN project ON project.id = dataset.project_id
                    WHERE accepted_update.id = ?
                    """,
                arguments: [id.rawValue])
            guard let row, let type = DatasetType(rawValue: row["type"]) else { return nil }
            return PendingUpdate(
                id: id, datasetID: DatasetID(rawValue: row["dataset_id"]),
                dataset: DatasetName(project: row["name"], type: type),
                token: row["token"], acceptedAt: Timestamp(microseconds: row["accepted_at"]), payload: row["payload"])
        }
    }

    /// Ends an update in one transaction: all entries, the statistics, the history and the status, or nothing of it.
    ///
    /// - Returns: How it ended; nil where it was over already, so that doing it again does no harm.
    func finish(
        _ update: PendingUpdate, with changes: Result<ChangesPayload, ChangesPayload.Rejection>
    ) async throws -> UpdateOutcome? {
        try await pool.write { [now] database in
            guard try Self.isPending(update.id, in: database) else { return nil }
            let dataset = try Self.requireDataset(update.dataset, in: database)
            let outcome: UpdateOutcome
            switch changes {
            case .failure(let rejection):
                outcome = .failed(message: rejection.message)
            case .success(let changes) where dataset.bucket ?? changes.bucket != changes.bucket:
                outcome = .failed(
                    message: "Nothing was applied: the lines' images are in another bucket (\(changes.bucket)) than "
                        + "the dataset's (\(dataset.bucket ?? "none")).")
            case .success(let changes):
                let counts = try EntryWriter(dataset.id, defaultDate: update.acceptedAt, in: database)
                    .write(changes.batch, counts: dataset.counts)
                try Self.setContents(of: dataset.id, bucket: changes.bucket, counts, in: database)
                outcome = .applied(lines: changes.batch.lines.count)
            }
            try Self.record(outcome, of: update, at: now(), in: database)
            return outcome
        }
    }

    private static func isPending(_ id: UpdateID, in database: Database) throws -> Bool {
        try Bool.fetchOne(
            database,
            sql: "SELECT EXISTS (SELECT 1 FROM accepted_update WHERE id = ? AND state = 'UPDATE_IN_PROGRESS')",
            arguments: [id.rawValue]) ?? false
    }

    private static func record(
        _ outcome: UpdateOutcome, of update: PendingUpdate, at time: Timestamp, in database: Database
    ) throws {
        let status: DatasetStatus
        let statusMessage: String
        switch outcome {
        case .applied(let lines):
            (status, statusMessage) = (.updateComplete, "The update was applied: \(lines) lines.")
            try database.execute(
                sql: """
                    INSERT INTO update_history
                        (id, project, dataset_type, token, lines, bytes, accepted_at, applied_at)
                    VALUES (?, ?, ?, ?, ?, ?, ?, ?)
                    """,
                arguments: [
                    update.id.rawValue, update.dataset.project, update.dataset.type.rawValue, update.token, lines,
                    update.payload.count, update.acceptedAt.microseconds, time.microseconds,
                ])
        case .failed(let message):
            (status, statusMessage) = (.updateFailedRollbackComplete, message)
            try database.execute(
                sql: """
                    INSERT INTO update_failure
                        (id, project, dataset_type, token, bytes, accepted_at, failed_at, status_message)
                    VALUES (?, ?, ?, ?, ?, ?, ?, ?)
                    """,
                arguments: [
                    update.id.rawValue, update.dataset.project, update.dataset.type.rawValue, update.token,
                    update.payload.count, update.acceptedAt.microseconds, time.microseconds, message,
                ])
        }
        try database.execute(sql: "DELETE FROM pending_payload WHERE update_id = ?", arguments: [update.id.rawValue])
        try database.execute(
            sql: "UPDATE accepted_update SET state = ? WHERE id = ?", arguments: [status.rawValue, update.id.rawValue])
        try database.execute(
            sql: "UPDATE dataset SET status = ?, status_message = ?, updated_at = ? WHERE id = ?",
            arguments: [status.rawValue, statusMessage, time.microseconds, update.datasetID.rawValue])
    }
}
