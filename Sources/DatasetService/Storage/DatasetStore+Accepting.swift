import FoundationEssentials
import GRDB
import LookoutVision

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
    /// while the dataset is updating.
    ///
    /// A quota is looked at here rather than when the update is applied, since until then nothing else changes the
    /// dataset: the caller learns at once that it is not the lines that are wrong, and may send them again later.
    ///
    /// - Throws: ``APIException``: ResourceNotFound, Validation (token used for other parameters), Conflict (busy),
    ///   ServiceQuotaExceeded.
    func accept(_ request: UpdateRequest) async throws -> Acceptance {
        try await pool.write { [now, quotas] database in
            let dataset = try Self.requireDataset(request.dataset, in: database)
            let time = now()
            if let status = try Self.repeatedStatus(request, in: dataset, now: time, database) {
                return .repeated(status)
            }
            guard dataset.status.isTerminal, dataset.status != .createFailed else {
                throw Self.conflict(request.dataset, "Dataset \(request.dataset) is \(dataset.status.rawValue).")
            }
            if let limit = quotas.images(of: request.dataset.type) {
                try Self.checkRoom(for: request, limit: limit, in: dataset, database)
            }
            return .accepted(try Self.insert(request, in: dataset, at: time, database))
        }
    }

    private static func repeatedStatus(
        _ request: UpdateRequest, in dataset: DatasetRecord, now: Timestamp, _ database: Database
    ) throws -> DatasetStatus? {
        let row = try Row.fetchOne(
            database,
            sql: "SELECT id, digest, state, accepted_at FROM accepted_update WHERE dataset_id = ? AND token = ?",
            arguments: [dataset.id.rawValue, request.token])
        guard let row else { return nil }
        let status = try DatasetStatus(stored: row["state"])
        let end = Timestamp(microseconds: row["accepted_at"]).adding(seconds: Limits.clientTokenLifeSeconds)
        if now >= end, status.isTerminal {
            // Not swept yet.
            let id: Int64 = row["id"]
            try database.execute(sql: "DELETE FROM accepted_update WHERE id = ?", arguments: [id])
            return nil
        }
        guard row["digest"] == request.digest else { throw APIException.tokenReused }
        return status
    }

    /// Refuses what would leave the dataset with more images than it may have. A payload that is refused anyway is let
    /// through: its update fails and says why.
    private static func checkRoom(
        for request: UpdateRequest, limit: Int, in dataset: DatasetRecord, _ database: Database
    ) throws {
        let present = dataset.counts.total
        // Most updates are far from the quota; these are not read for it.
        let mostLines = request.changes.count { $0 == UInt8(ascii: "\n") } + 1
        guard present + mostLines > limit, let payload = try? ChangesPayload(Array(request.changes)) else { return }
        let known = try database.cachedStatement(
            sql: "SELECT EXISTS (SELECT 1 FROM entry WHERE dataset_id = ? AND source_ref = ?)")
        var added = 0
        for line in payload.batch.lines {
            let isKnown = try Bool.fetchOne(known, arguments: [dataset.id.rawValue, line.sourceRef]) ?? false
            if !isKnown { added += 1 }
        }
        guard added == 0 || present + added <= limit else {
            throw Quotas.tooManyImages(limit, request.dataset, present: present, added: added)
        }
    }

    private static func insert(
        _ request: UpdateRequest, in dataset: DatasetRecord, at time: Timestamp, _ database: Database
    ) throws -> UpdateID {
        let inProgress = DatasetStatus.updateInProgress.rawValue
        try database.execute(
            sql: "INSERT INTO accepted_update (dataset_id, token, digest, accepted_at, state) VALUES (?, ?, ?, ?, ?)",
            arguments: [dataset.id.rawValue, request.token, request.digest, time.microseconds, inProgress])
        let id = UpdateID(rawValue: database.lastInsertedRowID)
        try database.execute(
            sql: "INSERT INTO pending_payload (update_id, payload) VALUES (?, ?)",
            arguments: [id.rawValue, request.changes])
        try database.execute(
            sql: "UPDATE dataset SET status = ?, status_message = ?, updated_at = ?, latest_token = ? WHERE id = ?",
            arguments: [
                inProgress, "The update is being applied.", time.microseconds, request.token, dataset.id.rawValue,
            ])
        return id
    }
}
