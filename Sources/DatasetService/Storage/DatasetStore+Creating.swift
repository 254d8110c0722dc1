import GRDB
import LookoutVision

/// A dataset that is to be filled from its manifest.
struct PendingCreation: Sendable {
    var id: DatasetID
    var dataset: DatasetName
    var source: ManifestAddress
    /// Stands in for the `creation-date` of lines that have none.
    var acceptedAt: Timestamp
}

/// How a creation ended.
enum CreationOutcome: Sendable, Hashable {
    case created(images: Int)
    case failed(message: String)
}

extension DatasetStore {
    /// The creation with what it needs; nil where it is over.
    func pendingCreation(_ id: DatasetID) async throws -> PendingCreation? {
        try await pool.read { database in
            let row = try Row.fetchOne(
                database,
                sql: """
                    SELECT project.name, dataset.type, source, dataset.created_at
                    FROM dataset JOIN project ON project.id = dataset.project_id
                    WHERE dataset.id = ? AND status = 'CREATE_IN_PROGRESS'
                    """,
                arguments: [id.rawValue])
            guard let row, let type = DatasetType(rawValue: row["type"]),
                let source = (row["source"] as String?).flatMap(ManifestAddress.init(description:))
            else { return nil }
            return PendingCreation(
                id: id, dataset: DatasetName(project: row["name"], type: type), source: source,
                acceptedAt: Timestamp(microseconds: row["created_at"]))
        }
    }

    /// Adds lines of the manifest; nobody sees them before the creation is over.
    func append(_ batch: LineBatch, bucket: String, to creation: PendingCreation) async throws {
        try await pool.write { database in
            let record = try Self.requireDataset(creation.dataset, in: database)
            guard record.id == creation.id, record.status == .createInProgress else { return }
            let counts = try EntryWriter(creation.id, defaultDate: creation.acceptedAt, in: database)
                .write(batch, counts: record.counts)
            try Self.setContents(of: creation.id, bucket: bucket, counts, in: database)
        }
    }

    /// Removes a bounded part of what an attempt that did not come to its end has left.
    ///
    /// - Returns: Whether nothing is left.
    func clear(_ creation: PendingCreation) async throws -> Bool {
        try await pool.write { database in
            let isEmpty = try Self.removeEntries(of: creation.id, in: database)
            if isEmpty { try Self.setContents(of: creation.id, bucket: nil, ImageCounts(), in: database) }
            return isEmpty
        }
    }

    /// Ends a creation; does nothing where it is over.
    func finish(_ creation: PendingCreation, _ outcome: CreationOutcome) async throws {
        try await pool.write { [now] database in
            let (status, message): (DatasetStatus, String) =
                switch outcome {
                case .created(let images): (.createComplete, "The dataset was created: \(images) images.")
                case .failed(let message): (.createFailed, message)
                }
            try database.execute(
                sql: """
                    UPDATE dataset SET status = ?, status_message = ?, updated_at = ?
                    WHERE id = ? AND status = 'CREATE_IN_PROGRESS'
                    """,
                arguments: [status.rawValue, message, now().microseconds, creation.id.rawValue])
        }
    }

    static func setContents(
        of id: DatasetID, bucket: String?, _ counts: ImageCounts, in database: Database
    ) throws {
        try database.execute(
            sql: "UPDATE dataset SET bucket = ?, total = ?, normal = ?, anomaly = ? WHERE id = ?",
            arguments: [bucket, counts.total, counts.normal, counts.anomaly, id.rawValue])
    }
}
