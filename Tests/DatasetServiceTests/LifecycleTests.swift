import Foundation
import LookoutVision
import Testing

@testable import DatasetService

@Suite("Projects and datasets")
struct LifecycleTests {
    @Test("A project and its dataset are created, described, listed and deleted")
    func lifecycle() async throws {
        try await ServiceUnderTest.run { service in
            let created = try await service.call(
                "POST", Operation.createProject.path(), json: #"{"ProjectName":"boards"}"#)
            #expect(created.status == 200)
            #expect(created.header(WireNames.requestID) != nil)
            let metadata = try created.decode(CreateProjectResponse.self).projectMetadata.orThrow()
            #expect(metadata.projectName == "boards")
            #expect(metadata.creationTimestamp == 1_700_000_000)

            let dataset = try await service.call(
                "POST", Operation.createDataset.path(project: "boards"), json: #"{"DatasetType":"train"}"#)
            #expect(dataset.status == 202)
            #expect(try dataset.decode(CreateDatasetResponse.self).datasetMetadata?.status == "CREATE_COMPLETE")
            #expect(try dataset.decode(CreateDatasetResponse.self).datasetMetadata?.statusMessage != nil)

            let project = try await service.call("GET", Operation.describeProject.path(project: "boards"))
            let description = try project.decode(DescribeProjectResponse.self).projectDescription.orThrow()
            #expect(description.datasets?.map(\.datasetType) == ["train"])
            #expect(
                try await service.describe("boards").imageStats == .init(total: 0, labeled: 0, normal: 0, anomaly: 0))

            let kept = try await service.call("DELETE", Operation.deleteProject.path(project: "boards"))
            #expect((kept.status, kept.errorType) == (409, "ConflictException"))
            let path = Operation.deleteDataset.path(project: "boards", datasetType: "train")
            #expect(try await service.call("DELETE", path).status == 202)
            #expect(try await service.call("DELETE", path).status == 404)
            let deleted = try await service.call("DELETE", Operation.deleteProject.path(project: "boards"))
            #expect(deleted.status == 200)
            #expect(try deleted.decode(DeleteProjectResponse.self).projectArn == metadata.projectArn)
        }
    }

    @Test("Creating twice conflicts, unless it is the same call under the same token")
    func creatingTwice() async throws {
        let clock = ManualClock()
        try await ServiceUnderTest.run(clock: clock) { service in
            for (path, json) in [
                (Operation.createProject.path(), #"{"ProjectName":"p"}"#),
                (Operation.createDataset.path(project: "p"), #"{"DatasetType":"test"}"#),
            ] {
                func create(_ token: String) async throws -> Answer {
                    try await service.call("POST", path, json: json, headers: [WireNames.clientToken: token])
                }
                let first = try await create("a")
                let again = try await create("a")
                #expect((again.status, again.body) == (first.status, first.body))
                let other = try await create("b")
                #expect((other.status, other.errorType) == (409, "ConflictException"))
                #expect(other.fault?.resourceID?.hasPrefix("p") == true)
                #expect(other.fault?.resourceType == (path.hasSuffix("datasets") ? "DATASET" : "PROJECT"))
                clock.advance(seconds: 8 * 3_600)
                #expect(try await create("a").status == 409)
            }
        }
    }

    @Test("Projects are paged by name")
    func paging() async throws {
        try await ServiceUnderTest.run { service in
            let names = (0..<7).map { "p-\($0)" }
            for name in names.shuffled() {
                _ = try await service.call("POST", Operation.createProject.path(), json: #"{"ProjectName":"\#(name)"}"#)
            }
            var seen: [String] = []
            var query = "?maxResults=3"
            var pages = 0
            while true {
                let path = Operation.listProjects.path() + query
                let page = try await service.call("GET", path).decode(ListProjectsResponse.self)
                seen += page.projects?.compactMap(\.projectName) ?? []
                pages += 1
                guard let token = page.nextToken else { break }
                query = "?maxResults=3&nextToken=\(PercentEncoding.encodeSegment(token))"
            }
            #expect(seen == names)
            #expect(pages == 3)
        }
    }
}
