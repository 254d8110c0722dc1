import GRDB
import LookoutVision

/// A dataset as stored, without its entries.
struct DatasetRecord: Sendable, FetchableRecord {
    var id: DatasetID
    var type: String
    var creationToken: String?
    /// The manifest it was created from; nil where it was created empty.
    var source: String?
    var createdAt: Timestamp
    var updatedAt: Timestamp
    var status: DatasetStatus
    var statusMessage: String
    var latestToken: String?
    var bucket: String?
    var counts: ImageCounts

    init(row: Row) throws {
        id = DatasetID(rawValue: row["id"])
        type = row["type"]
        creationToken = row["creation_token"]
        source = row["source"]
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
