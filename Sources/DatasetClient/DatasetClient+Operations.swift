import FoundationEssentials
package import LookoutVision
import NIOHTTP1

/// What `DescribeDataset` says.
package struct DatasetState: Sendable, Hashable {
    /// Of the dataset: its latest change, whoever made it.
    package let status: DatasetStatus
    /// For people; empty where there is none.
    package let statusMessage: String
    /// Counts of images, where the service gives them.
    package let statistics: ImageStatistics?
    /// Seconds since 1970-01-01T00:00:00Z.
    package let createdAt: Double?
    /// Seconds since 1970-01-01T00:00:00Z.
    package let lastUpdatedAt: Double?
    /// The client token of the latest accepted update, from services that say so (`WireNames.latestUpdateToken`).
    package let latestUpdateToken: String?
}

extension DatasetClient {
    /// Creates an empty project.
    ///
    /// - Parameters:
    ///   - name: of the project.
    ///   - token: makes a repetition harmless; one is made up where none is given.
    /// - Throws: a conflict where the project exists.
    /// - Returns: what the service says of it.
    @discardableResult
    package func createProject(
        _ name: String, token: String? = nil
    ) async throws(DatasetClientError) -> ProjectMetadata {
        var call = APICall(operation: .createProject, path: Operation.createProject.path())
        call.clientToken = try Self.checked(token: token ?? UUID().uuidString)
        try call.setBody(CreateProjectRequest(projectName: Self.checked(project: name)))
        return try await member(\CreateProjectResponse.projectMetadata, of: call).1
    }

    /// Creates an empty dataset, which can be updated as soon as this returns.
    ///
    /// - Parameters:
    ///   - project: has to exist.
    ///   - type: of the dataset; a project has at most one of each.
    ///   - token: makes a repetition harmless; one is made up where none is given.
    /// - Throws: a conflict where the dataset exists.
    /// - Returns: what the service says of it.
    @discardableResult
    package func createDataset(
        project: String, type: DatasetType, token: String? = nil
    ) async throws(DatasetClientError) -> DatasetMetadata {
        var call = try self.call(.createDataset, project: project, type: type)
        call.clientToken = try Self.checked(token: token ?? UUID().uuidString)
        try call.setBody(CreateDatasetRequest(datasetType: type.rawValue))
        return try await member(\CreateDatasetResponse.datasetMetadata, of: call).1
    }

    /// The project and its datasets.
    package func describeProject(_ name: String) async throws(DatasetClientError) -> ProjectDescription {
        let path = Operation.describeProject.path(project: try Self.checked(project: name))
        let call = APICall(operation: .describeProject, path: path)
        return try await member(\DescribeProjectResponse.projectDescription, of: call).1
    }

    /// The dataset's status and statistics.
    package func describeDataset(
        project: String, type: DatasetType
    ) async throws(DatasetClientError) -> DatasetState {
        let call = try self.call(.describeDataset, project: project, type: type)
        let (answer, description) = try await member(\DescribeDatasetResponse.datasetDescription, of: call)
        return DatasetState(
            status: try Self.status(description.status, of: call), statusMessage: description.statusMessage ?? "",
            statistics: description.imageStats, createdAt: description.creationTimestamp,
            lastUpdatedAt: description.lastUpdatedTimestamp,
            latestUpdateToken: answer.headers.first(name: WireNames.latestUpdateToken))
    }

    /// Hands a change over, once. A token that was used before answers with the status of the update it was used for.
    ///
    /// A service that knows the preference answers when the update is over, if that is within `preferredWait`; every other
    /// one at once, with "in progress".
    ///
    /// - Parameters:
    ///   - project: of the dataset.
    ///   - type: of the dataset.
    ///   - body: the change.
    ///   - token: the same for every repetition of this change, and for nothing else.
    ///   - notAfter: seconds since 1970 from which on it is not sent, since the API may have forgotten the token.
    /// - Throws: a conflict where the dataset is busy with another update.
    /// - Returns: the status of the update that the token stands for.
    package func updateDatasetEntries(
        project: String, type: DatasetType, body: UpdateBody, token: String, notAfter: Int? = nil
    ) async throws(DatasetClientError) -> DatasetStatus {
        var call = try self.call(.updateDatasetEntries, project: project, type: type)
        call.clientToken = try Self.checked(token: token)
        call.preferredWait = preferredWait
        call.body = .update(body)
        call.notAfter = notAfter
        let answer = try await perform(call)
        if let status = DatasetStatus(plainAnswer: answer.body) { return status }
        return try Self.status(member(\UpdateDatasetEntriesResponse.status, of: answer, to: call), of: call)
    }
}

extension DatasetClient {
    /// Whole seconds: longer than nearly every update takes, and well within the time that there is for a request. None
    /// where that is short.
    private var preferredWait: Int? {
        let seconds = min(5, Int(configuration.requestTimeout.components.seconds / 2))
        return seconds > 0 ? seconds : nil
    }

    func call(
        _ operation: LookoutVision.Operation, project: String, type: DatasetType
    ) throws(DatasetClientError) -> APICall {
        let path = operation.path(project: try Self.checked(project: project), datasetType: type.rawValue)
        return APICall(operation: operation, path: path)
    }

    /// Performs the call and reads the one member of its answer's body that carries everything.
    func member<Response: Decodable & Sendable, Member>(
        _ path: KeyPath<Response, Member?>, of call: APICall
    ) async throws(DatasetClientError) -> (APIAnswer, Member) {
        let answer = try await perform(call)
        return (answer, try member(path, of: answer, to: call))
    }

    private func member<Response: Decodable & Sendable, Member>(
        _ path: KeyPath<Response, Member?>, of answer: APIAnswer, to call: APICall
    ) throws(DatasetClientError) -> Member {
        guard let member = try response(Response.self, in: answer, to: call)[keyPath: path] else {
            throw .malformedResponse("\(call.operation.rawValue) answered without its main member")
        }
        return member
    }

    func response<Response: Decodable>(
        _ type: Response.Type, of call: APICall
    ) async throws(DatasetClientError) -> (APIAnswer, Response) {
        let answer = try await perform(call)
        return (answer, try response(type, in: answer, to: call))
    }

    private func response<Response: Decodable>(
        _ type: Response.Type, in answer: APIAnswer, to call: APICall
    ) throws(DatasetClientError) -> Response {
        do {
            return try JSONDecoder().decode(type, from: answer.body)
        } catch {
            // The decoder's own words may quote the body.
            throw .malformedResponse(
                "\(call.operation.rawValue) answered \(answer.status) with \(answer.body.count) bytes that are "
                    + "not the JSON it promises")
        }
    }

    private static func status(_ text: String?, of call: APICall) throws(DatasetClientError) -> DatasetStatus {
        guard let status = text.flatMap(DatasetStatus.init(rawValue:)) else {
            throw .malformedResponse("\(call.operation.rawValue) answered with no status the API knows")
        }
        return status
    }

    /// Refused here as the service would refuse it: `..` for a name would otherwise address something else.
    private static func checked(project: String) throws(DatasetClientError) -> String {
        guard Names.isProjectName(project) else {
            throw .exception(APIException(.validation, "the project name does not match [a-zA-Z0-9][a-zA-Z0-9_-]*"))
        }
        return project
    }

    private static func checked(token: String) throws(DatasetClientError) -> String {
        guard Names.isClientToken(token) else {
            throw .exception(APIException(.validation, "the client token does not match [a-zA-Z0-9-]{1,64}"))
        }
        return token
    }
}

extension DatasetStatus {
    /// What an answer says that is `{"Status":"…"}` with nothing around it, as services write it. Every update has one, and to
    /// read it as JSON takes as long as to sign the request; `nil` for any other spelling.
    fileprivate init?(plainAnswer body: Data) {
        let (head, tail) = (#"{"Status":""#.utf8, #""}"#.utf8)
        let status = body.withUnsafeBytes { body in
            body.starts(with: head) && body.suffix(tail.count).elementsEqual(tail)
                ? Self(rawValue: String(decoding: body.dropFirst(head.count).dropLast(tail.count), as: UTF8.self)) : nil
        }
        guard let status else { return nil }
        self = status
    }
}
