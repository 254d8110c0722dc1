import Foundation
import LookoutVision
import Testing

@testable import DatasetService

@Suite("Datasets from manifests")
struct CreationTests {
    private let folder = TemporaryManifests()

    private func create(
        _ service: ServiceUnderTest, key: String, bucket: String = "manifests", type: String = "train",
        token: String? = nil, version: String? = nil
    ) async throws -> Answer {
        _ = try await service.call("POST", Operation.createProject.path(), json: #"{"ProjectName":"p"}"#)
        let version = version.map { #","VersionId":"\#($0)""# } ?? ""
        let object = #"{"Bucket":"\#(bucket)","Key":"\#(key)"\#(version)}"#
        return try await service.call(
            "POST", Operation.createDataset.path(project: "p"),
            json: #"{"DatasetType":"\#(type)","DatasetSource":{"GroundTruthManifest":{"S3Object":\#(object)}}}"#,
            headers: token.map { [WireNames.clientToken: $0] } ?? [:])
    }

    @Test("A dataset is created from a manifest, and takes updates afterwards")
    func created() async throws {
        let lines = (0..<5_000).map { line("\($0)", $0.isMultiple(of: 3) ? "normal" : "anomaly") }
        try folder.write(lines.joined(separator: "\n"), "2026/boards.manifest")
        try await ServiceUnderTest.run(manifests: folder) { service in
            let answer = try await create(service, key: "2026/boards.manifest", version: "null")
            #expect(answer.status == 202)
            let metadata = try answer.decode(CreateDatasetResponse.self).datasetMetadata.orThrow()
            #expect(metadata.status == "CREATE_IN_PROGRESS")
            #expect(metadata.statusMessage != nil)
            let created = try await service.untilTerminal("p")
            #expect(created.status == "CREATE_COMPLETE")
            #expect(created.imageStats == .init(total: 5_000, labeled: 5_000, normal: 1_667, anomaly: 3_333))
            #expect(try await service.store.entries(of: DatasetName(project: "p", type: .train)) == lines)
            #expect(try await service.update("p", line("1"), line("new")).status == 202)
            #expect(try await service.untilTerminal("p").imageStats?.total == 5_001)
            // The bucket of the manifest's images is the dataset's.
            _ = try await service.update("p", line("1", bucket: "elsewhere"))
            #expect(try await service.untilTerminal("p").status == "UPDATE_FAILED_ROLLBACK_COMPLETE")
        }
    }

    @Test(
        "A real manifest makes a dataset", arguments: [("test.manifest", 63, 32), ("train.manifest", 1, 1)])
    func realManifest(name: String, total: Int, anomaly: Int) async throws {
        guard let data = sharedManifest(name) else {
            print("skipped: \(name) is not at hand")
            return
        }
        try folder.write(String(decoding: data, as: UTF8.self), name)
        try await ServiceUnderTest.run(manifests: folder) { service in
            _ = try await create(service, key: name)
            let stats = try await service.untilTerminal("p").imageStats
            #expect(stats == .init(total: total, labeled: total, normal: total - anomaly, anomaly: anomaly))
        }
    }

    @Test("A bad manifest creates nothing and says why, and the dataset can be deleted")
    func failed() async throws {
        // The good lines before the bad ones fill more than one chunk.
        let good = (0..<20_000).map { line("\($0)") }
        let bad = ["{}", line("7"), line("1", bucket: "elsewhere"), "x", String(repeating: "y", count: 3 << 20)]
        try folder.write((good + bad + [line("last")]).joined(separator: "\n"), "bad")
        try folder.write("\n \n", "blank")
        try await ServiceUnderTest.run(manifests: folder) { service in
            for (key, message) in [
                (
                    "bad",
                    "Nothing was created: line 20001: no source-ref; line 20002: the same source-ref as line 8; "
                        + "line 20003: another bucket than the lines before it; a dataset has one; and 2 more."
                ),
                ("blank", "Nothing was created: the manifest has no JSON Lines."),
                ("absent", "The manifest s3://manifests/absent cannot be read"),
            ] {
                #expect(try await create(service, key: key).status == 202)
                let description = try await service.untilTerminal("p")
                #expect(description.status == "CREATE_FAILED")
                #expect(description.statusMessage?.hasPrefix(message) == true, "\(description.statusMessage ?? "")")
                #expect(description.imageStats?.total == 0)
                #expect(try await service.list("p").datasetEntries == [])
                #expect(try await service.update("p", line("1")).errorType == "ConflictException")
                #expect(try await create(service, key: key).errorType == "ConflictException")
                let path = Operation.deleteDataset.path(project: "p", datasetType: "train")
                #expect(try await service.call("DELETE", path).status == 202)
                #expect(try await service.call("GET", path).status == 404)
            }
        }
    }

    @Test(
        "No key leads out of the folder, whatever it names",
        arguments: [
            "a/../../outside", "..", "./inside", "a//b", "link", "linked/outside", "pipe", "folder", "folder/",
        ])
    func noEscape(key: String) async throws {
        try folder.write(line("1"), "inside")
        try folder.write(line("1"), "a/b")
        try folder.prepareTraps(outside: line("secret"))
        try await ServiceUnderTest.run(manifests: folder) { service in
            #expect(try await create(service, key: key).status == 202)
            let description = try await service.untilTerminal("p")
            #expect(description.status == "CREATE_FAILED")
            #expect(description.statusMessage?.contains("s3://manifests/\(key)") == true)
        }
    }

    @Test("A bucket cannot lead out either, nor through a link")
    func noEscapeByBucket() async throws {
        try folder.prepareTraps(outside: line("secret"))
        try await ServiceUnderTest.run(manifests: folder) { service in
            let answer = try await create(service, key: "outside", bucket: "linked")
            #expect(answer.status == 202)
            #expect(try await service.untilTerminal("p").status == "CREATE_FAILED")
            #expect(try await create(service, key: "outside", bucket: "..", type: "test").status == 400)
        }
    }

    @Test("Bucket, key and version are checked against the model")
    func refusals() async throws {
        try await ServiceUnderTest.run(manifests: folder) { service in
            for (key, bucket, version, named) in [
                ("k", "ab", nil, "Bucket"), ("k", "a b c", nil, "Bucket"),
                ("k", String(repeating: "a", count: 64), nil, "Bucket"), ("", "abc", nil, "Key"),
                ("/k", "abc", nil, "Key"), ("a b", "abc", nil, "Key"),
                (String(repeating: "a", count: 1025), "abc", nil, "Key"), ("k", "abc", "v1", "VersionId"),
            ] as [(String, String, String?, String)] {
                let answer = try await create(service, key: key, bucket: bucket, version: version)
                #expect((answer.status, answer.errorType) == (400, "ValidationException"))
                #expect(answer.fault?.message?.contains(named) == true)
            }
            let path = Operation.createDataset.path(project: "p")
            for source in ["{}", #"{"GroundTruthManifest":{}}"#] {
                let json = #"{"DatasetType":"train","DatasetSource":\#(source)}"#
                #expect(try await service.call("POST", path, json: json).errorType == "ValidationException")
            }
        }
    }

    @Test("While it is created, a dataset is busy and shows nothing; a restart begins again and finishes")
    func restart() async throws {
        let database = TemporaryDatabase()
        let lines = (0..<100).map { line("\($0)", "normal") }
        try folder.write(lines.joined(separator: "\n"), "m")
        let name = DatasetName(project: "p", type: .train)
        try await ServiceUnderTest.run(database: database, gate: Gate(isOpen: false), manifests: folder) { service in
            #expect(try await create(service, key: "m", token: "t").status == 202)
            #expect(try await create(service, key: "m", token: "t").status == 202)
            #expect(try await create(service, key: "other", token: "t").errorType == "ValidationException")
            #expect(try await create(service, key: "m", token: "u").errorType == "ConflictException")
            let path = Operation.listDatasetEntries.path(project: "p", datasetType: "train")
            for (method, path) in [
                ("GET", path), ("DELETE", Operation.deleteDataset.path(project: "p", datasetType: "train")),
            ] {
                #expect(try await service.call(method, path).errorType == "ConflictException")
            }
            #expect(try await service.update("p", line("1")).errorType == "ConflictException")
            // What an attempt leaves that is killed in the middle.
            let record = try await service.store.describeDataset(name)
            let creation = try await service.store.pendingCreation(record.id).orThrow()
            let half = try ChangesPayload(Array((lines.prefix(30) + [line("gone")]).joined(separator: "\n").utf8))
            try await service.store.append(half.batch, bucket: half.bucket, to: creation)
        }
        try await ServiceUnderTest.run(database: database, manifests: folder) { service in
            let created = try await service.untilTerminal("p")
            #expect(created.status == "CREATE_COMPLETE")
            #expect(created.imageStats == .init(total: 100, labeled: 100, normal: 100, anomaly: 0))
            #expect(try await service.store.entries(of: name) == lines)
            let again = try await create(service, key: "m", token: "t").decode(CreateDatasetResponse.self)
            #expect(again.datasetMetadata?.status == "CREATE_COMPLETE")
        }
    }

    @Test("The files of a manifest are read in chunks of whole lines", arguments: [0, 1, 2, 3])
    func chunks(seed: Int) throws {
        var generator = SeededGenerator(state: UInt64(seed))
        let lines = (0..<400).map { _ in
            String(repeating: "z", count: Int.random(in: 0...20_000, using: &generator))
        }
        let long = String(repeating: "l", count: 5 << 20)
        try folder.write((lines + [long] + lines + [long]).joined(separator: "\n"), "m")
        let address = try ManifestAddress(bucket: "manifests", key: "m").orThrow()
        var file = try ManifestFolder(path: folder.path).open(address)
        var read: [String] = []
        while let chunk = try file.next() {
            if chunk.followsLongLine { read.append("long") }
            let text = String(decoding: chunk.bytes, as: UTF8.self)
            if !text.isEmpty { read += text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init) }
            if text.hasSuffix("\n") { read.removeLast() }
        }
        #expect(read == lines + ["long"] + lines + ["long"])
    }
}
