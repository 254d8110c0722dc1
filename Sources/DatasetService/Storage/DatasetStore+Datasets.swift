import GRDB
import LookoutVision

/// A dataset as stored, without its entries.
struct DatasetRecord: Sendable, FetchableRecord {
    var id: Int64
    var type: String
    var creationToken: String?
    var createdAt: Timestamp
    var updatedAt: Timestamp
    var status: DatasetStatus
    var statusMessage: String
    var latestToken: String?
    var bucket: String?
    var counts: ImageCounts

    init(row: Row) throws {
        id = row["id"]
        type = row["type"]
        creationToken = row["creation_token"]
        createdAt = Timestamp(microseconds: row["created_at"])
        updatedAt = Timestamp(microseconds: row["updated_at"])
        status = try DatasetStatus(stored: row["status"])
        statusMessage = row["status_message"]
        latestToken = row["latest_token"]
        bucket = row["bucket"]
        counts = ImageCounts(total: row["total"], normal: row["normal"], anomaly: row["anomaly"])
    }
}

extension DatasetStatus {
    /// - Throws: `DatabaseError` where the text is none of the model's, as only a later version could have written it.
    init(stored text: String) throws {
        guard let status = DatasetStatus(rawValue: text) else {
            throw DatabaseError(resultCode: .SQLITE_CORRUPT, message: "unknown status in the database")
        }
        self = status
    }
}

extension DatasetStore {
    /// Creates an empty dataset; the same token within its life answers with the dataset it made.
    func createDataset(_ name: DatasetName, token: String?) async throws -> DatasetRecord {
        try await pool.write { [now] database in
            let project = try Self.requireProject(name.project, in: database)
            if let dataset = try Self.dataset(name, in: database) {
                guard Self.isRepeat(token, of: dataset.creationToken, at: dataset.createdAt, now: now()) else {
                    throw Self.conflict(name, "Dataset \(name) already exists.")
                }
                return dataset
            }
            let time = now().microseconds
            try database.execute(
                sql: """
                    INSERT INTO dataset (project_id, type, creation_token, created_at, updated_at, status, status_message)
                    VALUES (?, ?, ?, ?, ?, ?, ?)
                    """,
                arguments: [
                    project.id, name.type.rawValue, token, time, time, DatasetStatus.createComplete.rawValue,
                    "The dataset was created.",
                ])
            return try Self.requireDataset(name, in: database)
        }
    }

    /// The dataset's state; costs the same however many entries it has.
    func describeDataset(_ name: DatasetName) async throws -> DatasetRecord {
        try await pool.read { try Self.requireDataset(name, in: $0) }
    }

    /// Deletes a dataset with its entries and tokens, unless something is going on in it. The history stays.
    func deleteDataset(_ name: DatasetName) async throws {
        try await pool.write { database in
            let dataset = try Self.requireDataset(name, in: database)
            guard dataset.status.isTerminal else {
                throw Self.conflict(name, "Dataset \(name) is \(dataset.status.rawValue); delete it when that is over.")
            }
            try database.execute(sql: "DELETE FROM dataset WHERE id = ?", arguments: [dataset.id])
        }
    }

    static func requireDataset(_ name: DatasetName, in database: Database) throws -> DatasetRecord {
        if let dataset = try dataset(name, in: database) { return dataset }
        // The project is what is missing, if it is.
        _ = try requireProject(name.project, in: database)
        throw APIException(
            .resourceNotFound, "Dataset \(name) does not exist.", resourceID: name.description,
            resourceType: APIException.ResourceType.dataset.rawValue)
    }

    static func conflict(_ name: DatasetName, _ message: String) -> APIException {
        APIException(
            .conflict, message, resourceID: name.description,
            resourceType: APIException.ResourceType.dataset.rawValue)
    }

    private static func dataset(_ name: DatasetName, in database: Database) throws -> DatasetRecord? {
        try DatasetRecord.fetchOne(
            database,
            sql: """
                SELECT dataset.* FROM dataset JOIN project ON project.id = dataset.project_id
                WHERE project.name = ? AND dataset.type = ?
                """,
            arguments: [name.project, name.type.rawValue])
    }
}
