import HTTPTypes
import Hummingbird
import LookoutVision

/// The operations on datasets as a whole.
struct DatasetController<Context: RequestContext>: Sendable {
    let store: DatasetStore

    func addRoutes(to routes: RouterGroup<Context>) {
        routes.post("{projectName}/datasets", use: create)
        routes.get("{projectName}/datasets/{datasetType}", use: describe)
        routes.delete("{projectName}/datasets/{datasetType}", use: delete)
    }

    @Sendable private func create(_ request: Request, _ context: Context) async throws -> Response {
        let project = try context.projectName()
        let token = try request.clientToken()
        let message = try await request.decodeBody(CreateDatasetRequest.self)
        let name = DatasetName(project: project, type: try DatasetType(named: message.datasetType))
        guard message.datasetSource == nil else {
            throw APIException(
                .validation,
                "DatasetSource is not supported; create an empty dataset and send its lines with UpdateDatasetEntries.")
        }
        let dataset = try await store.createDataset(name, token: token)
        return try .json(CreateDatasetResponse(datasetMetadata: DatasetMetadata(dataset)), of: .createDataset)
    }

    @Sendable private func describe(_ request: Request, _ context: Context) async throws -> Response {
        let name = try context.datasetName()
        let dataset = try await store.describeDataset(name)
        let counts = dataset.counts
        let description = DatasetDescription(
            projectName: name.project, datasetType: dataset.type,
            creationTimestamp: dataset.createdAt.secondsSinceEpoch,
            lastUpdatedTimestamp: dataset.updatedAt.secondsSinceEpoch,
            status: dataset.status.rawValue, statusMessage: dataset.statusMessage,
            imageStats: ImageStatistics(
                total: counts.total, labeled: counts.labelled, normal: counts.normal, anomaly: counts.anomaly))
        var response = try Response.json(
            DescribeDatasetResponse(datasetDescription: description), of: .describeDataset)
        response.headers[.latestUpdateToken] = dataset.latestToken
        return response
    }

    @Sendable private func delete(_ request: Request, _ context: Context) async throws -> Response {
        let name = try context.datasetName()
        _ = try request.clientToken()
        try await store.deleteDataset(name)
        return try .json([String: String](), of: .deleteDataset)
    }
}

extension DatasetMetadata {
    init(_ dataset: DatasetRecord) {
        self.init(
            datasetType: dataset.type, creationTimestamp: dataset.createdAt.secondsSinceEpoch,
            status: dataset.status.rawValue, statusMessage: dataset.statusMessage)
    }
}
