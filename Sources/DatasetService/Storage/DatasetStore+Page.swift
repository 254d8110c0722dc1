import GRDB
import LookoutVision

// What the page shows. Every query costs bounded time, however many projects, updates and entries there are: it reads
// in the order of an index, no further than a limit, and says where to go on.

/// A project with its datasets, train first.
struct ProjectOverview: Sendable {
    var project: ProjectRecord
    var datasets: [DatasetRecord]
}

/// Some things of a list, in its order.
struct Listing<Item: Sendable, Position: Sendable>: Sendable {
    var items: [Item]
    /// Where to go on; nil where nothing follows.
    var next: Position?
}

/// An update, whatever became of it.
struct UpdateSummary: Sendable, Hashable {
    enum Outcome: Sendable, Hashable {
        case inProgress
        case applied(lines: Int, at: Timestamp)
        case failed(message: String, at: Timestamp)
    }

    /// Grows with the time of acceptance.
    var id: Int64
    var dataset: DatasetName
    var token: String
    var bytes: Int
    var acceptedAt: Timestamp
    var outcome: Outcome

    /// How the three tables with updates are read alike.
    fileprivate init?(row: Row, outcome: Outcome) {
        guard let type = DatasetType(rawValue: row["dataset_type"]) else { return nil }
        id = row["id"]
        dataset = DatasetName(project: row["project"], type: type)
        token = row["token"]
        bytes = row["bytes"]
        acceptedAt = Timestamp(microseconds: row["accepted_at"])
        self.outcome = outcome
    }
}

extension DatasetStore {
    /// Projects in the order of their names, those after `name` whose own contains `text`, A to Z in any case.
    func overviews(
        after name: String?, containing text: String?, limit: Int
    ) async throws -> Listing<ProjectOverview, String> {
        try await pool.read { database in
            let projects = try ProjectRecord.fetchAll(
                database,
                sql: """
                    SELECT * FROM project WHERE name > ?1 AND (?2 IS NULL OR instr(lower(name), lower(?2)) > 0)
                    ORDER BY name LIMIT ?3
                    """,
                arguments: [name ?? "", text, limit + 1])
            let shown = projects.prefix(limit)
            return Listing(
                items: try shown.map {
                    ProjectOverview(project: $0, datasets: try Self.datasets(of: $0, in: database))
                },
                next: projects.count > limit ? shown.last?.name : nil)
        }
    }

    /// One project.
    ///
    /// - Throws: ``APIException`` where it does not exist.
    func overview(_ name: String) async throws -> ProjectOverview {
        try await pool.read { database in
            let project = try Self.requireProject(name, in: database)
            return ProjectOverview(project: project, datasets: try Self.datasets(of: project, in: database))
        }
    }

    private static func datasets(of project: ProjectRecord, in database: Database) throws -> [DatasetRecord] {
        try DatasetRecord.fetchAll(
            try database.cachedStatement(sql: "SELECT * FROM dataset WHERE project_id = ? ORDER BY type DESC"),
            arguments: [project.id])
    }

    /// Updates in the reverse order of their acceptance: of one dataset or of all, those before `id`.
    func updates(
        of dataset: DatasetName?, before id: Int64?, limit: Int
    ) async throws -> Listing<UpdateSummary, Int64> {
        try await pool.read { database in
            let updates = try Self.updates(of: dataset, before: id ?? .max, limit: limit + 1, in: database)
            let shown = updates.prefix(limit)
            return Listing(items: Array(shown), next: updates.count > limit ? shown.last?.id : nil)
        }
    }

    private static func updates(
        of dataset: DatasetName?, before id: Int64, limit: Int, in database: Database
    ) throws -> [UpdateSummary] {
        var condition = "id < ?"
        var arguments: StatementArguments = [id]
        if let dataset {
            condition += " AND project = ? AND dataset_type = ?"
            arguments += [dataset.project, dataset.type.rawValue]
        }
        arguments += [limit]
        // Length of a BLOB is known without reading it.
        let pending = """
            SELECT * FROM (
                SELECT accepted_update.id, project.name AS project, dataset.type AS dataset_type, token,
                    length(payload) AS bytes, accepted_at
                FROM accepted_update
                JOIN pending_payload ON pending_payload.update_id = accepted_update.id
                JOIN dataset ON dataset.id = accepted_update.dataset_id
                JOIN project ON project.id = dataset.project_id
                WHERE state = 'UPDATE_IN_PROGRESS'
            )
            """
        func fetch(_ source: String, _ outcome: (Row) -> UpdateSummary.Outcome) throws -> [UpdateSummary] {
            try Row.fetchAll(
                database, sql: "\(source) WHERE \(condition) ORDER BY id DESC LIMIT ?", arguments: arguments
            ).compactMap { UpdateSummary(row: $0, outcome: outcome($0)) }
        }
        let all =
            try fetch(pending) { _ in .inProgress }
            + fetch("SELECT * FROM update_history") {
                .applied(lines: $0["lines"], at: Timestamp(microseconds: $0["applied_at"]))
            }
            + fetch("SELECT * FROM update_failure") {
                .failed(message: $0["status_message"], at: Timestamp(microseconds: $0["failed_at"]))
            }
        return Array(all.sorted { $0.id > $1.id }.prefix(limit))
    }
}
