import GRDB
import LookoutVision

extension DatasetStore {
    /// Creates a dataset: without a source an empty one that is ready at once, else one that waits for its job.
    ///
    /// The same token within its life answers with the dataset it made, as that is now.
    /// - Throws: ``APIException``: ResourceNotFound (the project), Conflict (it exists), Validation (token used for
    ///   other parameters).
    func createDataset(
        _ name: DatasetName, source: ManifestAddress? = nil, token: String?
    ) async throws -> DatasetRecord {
        try await pool.write { [now] database in
            let project = try Self.requireProject(name.project, in: database)
            if let dataset = try Self.dataset(name, in: database) {
                guard Self.isRepeat(token, of: dataset.creationToken, at: dataset.createdAt, now: now()) else {
                    throw Self.conflict(name, "Dataset \(name) already exists.")
                }
                guard dataset.source == source?.description else { throw APIException.tokenReused }
                return dataset
            }
            let time = now().microseconds
            let (status, message): (DatasetStatus, String) =
                source == nil
                ? (.createComplete, "The dataset was created.")
                : (.createInProgress, "The dataset is being created from its manifest.")
            try database.execute(
                sql: """
                    INSERT INTO dataset
                        (project_id, type, creation_token, source, created_at, updated_at, status, status_message)
                    VALUES (?, ?, ?, ?, ?, ?, ?, ?)
                    """,
                arguments: [
                    project.id, name.type.rawValue, token, source?.description, time, time, status.rawValue, message,
                ])
            return try Self.requireDataset(name, in: database)
        }
    }

    /// The dataset's state; costs the same however many entries it has.
    func describeDataset(_ name: DatasetName) async throws -> DatasetRecord {
        try await pool.read { try Self.requireDataset(name, in: $0) }
    }

    static func requireDataset(_ name: DatasetName, in database: Database) throws -> DatasetRecord {
        if let dataset = try dataset(name, in: database) { return dataset }
        // The project is what is missing, if it is.
        _ = try requireProject(name.project, in: database)
        throw APIException(
            .resourceNotFound, "Dataset \(name) does not exist.", resourceID: name.description,
            resourceType: APIException.ResourceType.dataset.rawValue)
    }

    /// A dataset with what it holds, which nobody sees while it is only half there.
    static func requireReadableDataset(_ name: DatasetName, in database: Database) throws -> DatasetRecord {
        let dataset = try requireDataset(name, in: database)
        switch dataset.status {
        case .createInProgress, .deleteInProgress:
            throw conflict(name, "Dataset \(name) is \(dataset.status.rawValue).")
        default: return dataset
        }
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

extension APIException {
    /// Not a ConflictException: a conflict invites the same call again, and this one can never succeed.
    static let tokenReused = APIException(
        .validation, "ClientToken was used for a call with other parameters; use another token.")
}
