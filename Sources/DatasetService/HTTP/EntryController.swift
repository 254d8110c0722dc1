import Crypto
import FoundationEssentials
import Hummingbird
import LookoutVision

/// The operations on a dataset's entries.
struct EntryController<Context: RequestContext>: Sendable {
    let store: DatasetStore
    let jobs: JobRunner
    let metrics: ServiceMetrics
    let bodyLimitBytes: Int

    /// A request holds its body, or room for the largest one where it announces no length, until it is answered. Of large
    /// ones it is worth more to have the memory back than to be spared a question.
    private static var mostBytesWhileWaiting: Int { 192 << 10 }

    func addRoutes(to routes: RouterGroup<Context>) {
        routes.get("{projectName}/datasets/{datasetType}/entries", use: list)
        routes.patch("{projectName}/datasets/{datasetType}/entries", use: update)
    }

    @Sendable private func list(_ request: Request, _ context: Context) async throws -> Response {
        let name = try context.datasetName()
        let filter = try request.entryFilter()
        let limit = try request.maxResults()
        let cursor: EntryCursor? =
            switch try request.pageToken() {
            case nil: nil
            case .entry(let cursor): cursor
            case .project: throw PageToken.invalid
            }
        let page = try await store.entries(of: name, matching: filter, after: cursor, limit: limit)
        return try .json(
            ListDatasetEntriesResponse(
                datasetEntries: page.lines, nextToken: page.next.map { PageToken.entry($0).text }),
            of: .listDatasetEntries)
    }

    @Sendable private func update(_ request: Request, _ context: Context) async throws -> Response {
        let name = try context.datasetName()
        // Clients send a token with every call; without one, a call is its own.
        let token = try request.clientToken() ?? UUID().uuidString
        let changes = try await request.decodeBody(ChangesMessage.self, limit: bodyLimitBytes).decoded()
        let update = UpdateRequest(
            dataset: name, token: token, changes: changes, digest: Data(SHA256.hash(data: changes)))
        let acceptance = try await store.accept(update)
        metrics.accepted(acceptance, bytes: changes.count)
        let patience = request.announcesBody(upTo: Self.mostBytesWhileWaiting) ? request.preferredWait : .zero
        let status: DatasetStatus
        switch acceptance {
        case .accepted(let id) where patience > .zero:
            let end = await jobs.updateEnds.end(of: id, within: patience) { jobs.enqueue(.update(id)) }
            status = end ?? .updateInProgress
        case .accepted(let id):
            jobs.enqueue(.update(id))
            status = .updateInProgress
        case .repeated(let itsStatus):
            status = itsStatus
        }
        return try .json(UpdateDatasetEntriesResponse(status: status), of: .updateDatasetEntries)
    }
}

/// The body of UpdateDatasetEntries.
private struct ChangesMessage: Decodable {
    var changes: String
    enum CodingKeys: String, CodingKey { case changes = "Changes" }

    /// The payload without its base64.
    func decoded() throws -> Data {
        guard let data = Data(base64Encoded: changes) else {
            throw APIException(.validation, "Changes is not valid base64.")
        }
        guard Limits.changesBytes.contains(data.count) else {
            throw APIException(
                .validation,
                "Changes must be \(Limits.changesBytes.lowerBound) to \(Limits.changesBytes.upperBound) bytes; it has \(data.count)."
            )
        }
        return data
    }
}
