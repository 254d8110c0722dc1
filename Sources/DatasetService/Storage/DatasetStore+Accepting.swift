import FoundationEssentials
import GRDB
import LookoutVision

/// Names an accepted update for as long as the database exists.
struct UpdateID: Sendable, Hashable {
    var rawValue: Int64
}

/// What became of a call of UpdateDatasetEntries.
enum Acceptance: Sendable, Hashable {
    /// The update is on disk and will be applied, whatever happens to this process.
    case accepted(UpdateID)
    /// The call was made before; this is how far its update is.
    case repeated(DatasetStatus)
}

/// The checked parameters of one call of UpdateDatasetEntries.
struct UpdateRequest: Sendable {
    var dataset: DatasetName
    /// The idempotency key; its scope is the dataset.
    var token: String
    /// The payload, decoded.
    var changes: Data
    /// SHA-256 of the payload. The other parameters are the token's scope and cannot differ.
    var digest: Data
}

extension DatasetStore {
    /// Takes an update on: after this returned, the payload and the dataset's new status are on disk.
    ///
    /// A known token is answered before anything else is looked at, so that a caller who lost the answer gets it even
    /// while the dataset is updating. Reusing a token for another payload is a ValidationException, not a
    /// ConflictException: a conflict invites the same call again, and this one can never succeed.
    ///
    /// - Throws: ``APIException``: ResourceNotFound, Validation (token used for other parameters), Conflict (busy).
    func accept(_ request: UpdateRequest) async throws -> Acceptance {
        try await pool.write { [now] database in
            let dataset = try Self.requireDataset(request.dataset, in: database)
            let time = now()
            try Self.forgetTokens(acceptedBefore: time.adding(seconds: -Limits.clientTokenLifeSeconds), in: database)
            if let status = try Self.repeatedStatus(request, in: dataset, database) { return .repeated(status) }
            guard dataset.status.isTerminal, dataset.status != .createFailed else {
                throw Self.conflict(request.dataset, "Dataset \(request.dataset) is \(dataset.status.rawValue).")
            }
            return .accepted(try Self.insert(request, in: dataset, at: time, database))
        }
    }

    /// A token lives 8 hours from acceptance, and at least until its update is over.
    private static func forgetTokens(acceptedBefore limit: Timestamp, in database: Database) throws {
        try database.execute(
            sql: "DELETE FROM accepted_update WHERE accepted_at <= ? AND state <> ?",
            arguments: [limit.microseconds, DatasetStatus.updateInProgress.rawValue])
    }

    private static func repeatedStatus(
        _ request: UpdateRequest, in dataset: DatasetRecord, _ database: Database
    ) throws -> DatasetStatus? {
        let row = try Row.fetchOne(
            database, sql: "SELECT digest, state FROM accepted_update WHERE dataset_id = ? AND token = ?",
            arguments: [dataset.id, request.token])
        guard let row else { return nil }
        guard row["digest"] == request.digest else {
            throw APIException(
                .validation, "ClientToken was used for an update with other parameters; use another token.")
        }
        return try DatasetStatus(stored: row["state"])
    }

    private static func insert(
        _ request: UpdateRequest, in dataset: DatasetRecord, at time: Timestamp, _ database: Database
    ) throws -> UpdateID {
        let inProgress = DatasetStatus.updateInProgress.rawValue
        try database.execute(
            sql: "INSERT INTO accepted_update (dataset_id, token, digest, accepted_at, state) VALUES (?, ?, ?, ?, ?)",
            arguments: [dataset.id, request.token, request.digest, time.microseconds, inProgress])
        let id = UpdateID(rawValue: database.lastInsertedRowID)
        try database.execute(
            sql: "INSERT INTO pending_payload (update_id, payload) VALUES (?, ?)",
            arguments: [id.rawValue, request.changes])
        try database.execute(
            sql: "UPDATE dataset SET status = ?, status_message = ?, updated_at = ?, latest_token = ? WHERE id = ?",
            arguments: [inProgress, "The update is being applied.", time.microseconds, request.token, dataset.id])
        return id
    }
}
