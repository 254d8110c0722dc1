import Hummingbird
import LookoutVision

/// The operations on projects.
struct ProjectController<Context: CallerContext>: Sendable {
    let store: DatasetStore

    func addRoutes(to routes: RouterGroup<Context>) {
        routes.post("", use: create)
        routes.get("", use: list)
        routes.get("{projectName}", use: describe)
        routes.delete("{projectName}", use: delete)
    }

    @Sendable private func create(_ request: Request, _ context: Context) async throws -> Response {
        let token = try request.clientToken()
        let name = try await String.projectName(request.decodeBody(CreateProjectRequest.self).projectName)
        let project = try await store.createProject(name, token: token)
        return try .json(CreateProjectResponse(projectMetadata: ProjectMetadata(project)), of: .createProject)
    }

    @Sendable private func list(_ request: Request, _ context: Context) async throws -> Response {
        let limit = try request.maxResults()
        let name: String? =
            switch try request.pageToken() {
            case nil: nil
            case .project(let name): name
            case .entry: throw PageToken.invalid
            }
        // One more than asked for tells whether a page follows.
        let projects = try await context.caller.readable(limit: limit + 1, after: name) { name, limit in
            try await store.projects(after: name, limit: limit)
        }
        let page = projects.prefix(limit)
        let next = projects.count > limit ? page.last.map { PageToken.project(name: $0.name).text } : nil
        return try .json(
            ListProjectsResponse(projects: page.map { ProjectMetadata($0) }, nextToken: next), of: .listProjects)
    }

    @Sendable private func describe(_ request: Request, _ context: Context) async throws -> Response {
        let (project, datasets) = try await store.describeProject(context.projectName())
        let description = ProjectDescription(
            projectArn: project.arn, projectName: project.name,
            creationTimestamp: project.createdAt.secondsSinceEpoch, datasets: datasets.map { DatasetMetadata($0) })
        return try .json(DescribeProjectResponse(projectDescription: description), of: .describeProject)
    }

    @Sendable private func delete(_ request: Request, _ context: Context) async throws -> Response {
        let name = try context.projectName()
        try await store.deleteProject(name, token: request.clientToken())
        return try .json(DeleteProjectResponse(projectArn: ProjectRecord.arn(of: name)), of: .deleteProject)
    }
}

extension ProjectRecord {
    /// Well formed, but of no account and no region: there is no AWS behind this service.
    static func arn(of name: String) -> String {
        "arn:aws:lookoutvision:local:000000000000:project/\(name)"
    }

    fileprivate var arn: String { Self.arn(of: name) }
}

extension ProjectMetadata {
    fileprivate init(_ project: ProjectRecord) {
        self.init(
            projectArn: project.arn, projectName: project.name,
            creationTimestamp: project.createdAt.secondsSinceEpoch)
    }
}
