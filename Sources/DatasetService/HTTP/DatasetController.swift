import HTTPTypes
import Hummingbird
import LookoutVision

/// The operations on datasets as a whole.
struct DatasetController<Context: RequestContext>: Sendable {
    let store: DatasetStore
    let jobs: JobRunner

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
        let source = try message.datasetSource.map { try ManifestAddress($0, isServed: jobs.manifests != nil) }
        let dataset = try await store.createDataset(name, source: source, token: token)
        // A repeated call brings its job again, which finds that it is over.
        if dataset.status == .createInProgress { jobs.enqueue(.creation(dataset.id)) }
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
        if let rest = try await store.deleteDataset(name, token: request.clientToken()) {
            jobs.enqueue(.deletion(rest))
        }
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

extension ManifestAddress {
    /// Checks a dataset's source against the model's patterns, and against what a folder of files can be asked for.
    ///
    /// - Parameters:
    ///   - source: As it came.
    ///   - isServed: Whether there is a folder of manifests.
    /// - Throws: ``APIException``: Validation.
    init(_ source: DatasetSource, isServed: Bool) throws {
        func invalid(_ problem: String) -> APIException { APIException(.validation, problem) }
        guard let object = source.groundTruthManifest?.s3Object else {
            throw invalid("DatasetSource.GroundTruthManifest.S3Object is required.")
        }
        guard isServed else {
            throw invalid(
                "DatasetSource: this service was started without a folder of manifests (--manifests); create an empty "
                    + "dataset and send its lines with UpdateDatasetEntries.")
        }
        // S3 itself calls the version of an object without versions "null".
        guard object.versionID ?? "null" == "null" else {
            throw invalid("DatasetSource: VersionId is not supported, as manifests are files without versions.")
        }
        guard Names.isBucketName(object.bucket) else {
            throw invalid("Bucket must be 3 to 63 letters, digits, dots, hyphens or underscores.")
        }
        guard let address = ManifestAddress(bucket: object.bucket, key: object.key) else {
            throw invalid("Key must be 1 to 1024 letters, digits or /!_.*'()- and not begin with a slash.")
        }
        self = address
    }
}
