import Foundation
import LookoutVision
import Testing

@testable import DatasetService

@Suite("Quotas")
struct QuotaTests {
    @Test("A project too many is refused; the same call again is not one")
    func projects() async throws {
        try await ServiceUnderTest.run(quotas: Quotas(projects: 2)) { service in
            func create(_ name: String) async throws -> Answer {
                try await service.call(
                    "POST", Operation.createProject.path(), json: #"{"ProjectName":"\#(name)"}"#,
                    headers: [WireNames.clientToken: name])
            }
            for name in ["a", "b", "a"] { #expect(try await create(name).status == 200) }
            let refused = try await create("c")
            #expect((refused.status, refused.errorType) == (402, "ServiceQuotaExceededException"))
            #expect(refused.fault?.quotaCode == "projects")
            #expect(refused.fault?.serviceCode == "lookoutvision")
            #expect((refused.fault?.resourceID, refused.fault?.resourceType) == ("c", "PROJECT"))
            _ = try await service.call("DELETE", Operation.deleteProject.path(project: "a"))
            #expect(try await create("c").status == 200)
        }
    }

    @Test("Images too many are refused at the door; replacing and filling up to the brim is not")
    func images() async throws {
        try await ServiceUnderTest.run(quotas: Quotas(trainImages: 3)) { service in
            try await service.createDataset("p")
            #expect(try await service.update("p", line("1"), line("2")).status == 202)
            _ = try await service.untilTerminal("p")
            let refused = try await service.update("p", token: "t", line("1"), line("3"), line("4"))
            #expect((refused.status, refused.errorType) == (402, "ServiceQuotaExceededException"))
            #expect(refused.fault?.quotaCode == "images-per-train-dataset")
            #expect(refused.fault?.message?.contains("has 2 images and may have 3") == true)
            #expect(try await service.describe("p").status == "UPDATE_COMPLETE")
            // Nothing was accepted under the token.
            #expect(try await service.update("p", token: "t", line("1", "normal"), line("3")).status == 202)
            #expect(try await service.untilTerminal("p").imageStats?.total == 3)
            #expect(try await service.update("p", line("1"), line("2"), line("3"), "").status == 202)
            #expect(try await service.untilTerminal("p").status == "UPDATE_COMPLETE")
            // What is wrong anyway fails as such.
            #expect(try await service.update("p", line("4"), line("4")).status == 202)
            #expect(try await service.untilTerminal("p").statusMessage?.contains("line 2") == true)
        }
    }

    @Test("A dataset that has more images than a lowered quota still takes replacements")
    func loweredQuota() async throws {
        let database = TemporaryDatabase()
        try await ServiceUnderTest.run(database: database) { service in
            try await service.createDataset("p")
            _ = try await service.update("p", line("1"), line("2"))
            _ = try await service.untilTerminal("p")
        }
        try await ServiceUnderTest.run(database: database, quotas: Quotas(trainImages: 1)) { service in
            let replacement = try await service.update("p", line("1", "normal"))
            #expect(replacement.status == 202)
            #expect(try await service.untilTerminal("p").status == "UPDATE_COMPLETE")
            #expect(try await service.update("p", line("3")).status == 402)
        }
    }

    @Test("A manifest with too many images fails")
    func manifest() async throws {
        let folder = TemporaryManifests()
        try folder.write((0..<4).map { line("\($0)") }.joined(separator: "\n"), "m")
        try await ServiceUnderTest.run(manifests: folder, quotas: Quotas(trainImages: 3)) { service in
            _ = try await service.call("POST", Operation.createProject.path(), json: #"{"ProjectName":"p"}"#)
            _ = try await service.call(
                "POST", Operation.createDataset.path(project: "p"),
                json: #"{"DatasetType":"train","DatasetSource":{"GroundTruthManifest":{"S3Object":"#
                    + #"{"Bucket":"manifests","Key":"m"}}}}"#)
            let description = try await service.untilTerminal("p")
            #expect(description.status == "CREATE_FAILED")
            #expect(description.statusMessage?.contains("more than 3 images") == true)
            #expect(try await service.count("entry") == 0)
        }
    }
}
