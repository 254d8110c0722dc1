import GRDB
import LookoutVision

/// A project as stored.
struct ProjectRecord: Sendable, FetchableRecord {
    var id: Int64
    var name: String
    var creationToken: String?
    var createdAt: Timestamp

    init(row: Row) {
        id = row["id"]
        name = row["name"]
        creationToken = row["creation_token"]
        createdAt = Timestamp(microseconds: row["created_at"])
    }
}

extension DatasetStore {
    /// Creates a project; the same token within its life answers with the project it made.
    ///
    /// - Throws: ``APIException``: Conflict (it exists), ServiceQuotaExceeded.
    func createProject(_ name: String, token: String?) async throws -> ProjectRecord {
        try await pool.write { [now, quotas] database in
            if let project = try Self.project(name, in: database) {
                guard Self.isRepeat(token, of: project.creationToken, at: project.createdAt, now: now()) else {
                    throw APIException(
                        .conflict, "Project \(name) already exists.", resourceID: name,
                        resourceType: APIException.ResourceType.project.rawValue)
                }
                return project
            }
            if let limit = quotas.projects {
                let count = try Int.fetchOne(database, sql: "SELECT count(*) FROM project") ?? 0
                guard count < limit else { throw Quotas.tooManyProjects(limit, name) }
            }
            try database.execute(
                sql: "INSERT INTO project (name, creation_token, created_at) VALUES (?, ?, ?)",
                arguments: [name, token, now().microseconds])
            return try Self.requireProject(name, in: database)
        }
    }

    /// Projects in the order of their names, those after `name` only.
    func projects(after name: String?, limit: Int) async throws -> [ProjectRecord] {
        try await pool.read { database in
            try ProjectRecord.fetchAll(
                database, sql: "SELECT * FROM project WHERE name > ? ORDER BY name LIMIT ?",
                arguments: [name ?? "", limit])
        }
    }

    /// A project and its datasets, train first.
    func describeProject(_ name: String) async throws -> (ProjectRecord, [DatasetRecord]) {
        try await pool.read { database in
            let project = try Self.requireProject(name, in: database)
            let datasets = try DatasetRecord.fetchAll(
                database, sql: "SELECT * FROM dataset WHERE project_id = ? ORDER BY type DESC",
                arguments: [project.id])
            return (project, datasets)
        }
    }

    /// Deletes a project that has no dataset left, as the API wants it.
    ///
    /// - Throws: ``APIException``: ResourceNotFound, Conflict (it has datasets, be it one that is being deleted).
    func deleteProject(_ name: String, token: String? = nil) async throws {
        try await pool.write { [now] database in
            if try Self.isRepeatedDeletion(of: name, token: token, now: now(), in: database) { return }
            let project = try Self.requireProject(name, in: database)
            let hasDatasets =
                try Bool.fetchOne(
                    database, sql: "SELECT EXISTS (SELECT 1 FROM dataset WHERE project_id = ?)",
                    arguments: [project.id]) ?? false
            guard !hasDatasets else {
                throw APIException(
                    .conflict, "Project \(name) still has datasets; delete them first.", resourceID: name,
                    resourceType: APIException.ResourceType.project.rawValue)
            }
            try Self.recordDeletion(of: name, token: token, at: now(), in: database)
            try database.execute(sql: "DELETE FROM project WHERE id = ?", arguments: [project.id])
        }
    }

    static func requireProject(_ name: String, in database: Database) throws -> ProjectRecord {
        guard let project = try project(name, in: database) else {
            throw APIException(
                .resourceNotFound, "Project \(name) does not exist.", resourceID: name,
                resourceType: APIException.ResourceType.project.rawValue)
        }
        return project
    }

    private static func project(_ name: String, in database: Database) throws -> ProjectRecord? {
        try ProjectRecord.fetchOne(database, sql: "SELECT * FROM project WHERE name = ?", arguments: [name])
    }
}
