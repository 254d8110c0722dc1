import Foundation

/// Creates a dataset from a manifest and deletes it, again and again; both go on after the call was answered.
struct LifecycleClient: Sendable {
    /// More than a deletion removes with the call itself.
    private static let images = 5_200

    let project: String
    let api: PlainAPI

    private var dataset: String { "/\(project)/datasets/train" }

    static func writeManifest(in folder: URL) throws {
        let bucket = folder.appending(path: "images")
        try FileManager.default.createDirectory(at: bucket, withIntermediateDirectories: true)
        let lines = (0..<images).map { #"{"source-ref":"s3://images/\#($0)"}"# }
        try Data(lines.joined(separator: "\n").utf8).write(to: bucket.appending(path: "all.manifest"))
    }

    /// - Returns: How many datasets have lived and died.
    func run(until stop: Flag) async throws -> Int {
        _ = try await api.call("POST", "", ["ProjectName": project], token: "create")
        var lives = 0
        while !stop.isRaised {
            lives += 1
            try await create(token: "create-\(lives)")
            try await delete(token: "delete-\(lives)")
        }
        return lives
    }

    private func create(token: String) async throws {
        let source = ["GroundTruthManifest": ["S3Object": ["Bucket": "images", "Key": "all.manifest"]]]
        let answer = try await api.call(
            "POST", "/\(project)/datasets", ["DatasetType": "train", "DatasetSource": source], token: token)
        guard answer.status == 202 else { throw Failure("\(token): \(answer.status) \(answer.text)") }
        let created = try await api.poll(dataset, token) { answer in
            switch UpdateClient.status(answer) {
            case "CREATE_IN_PROGRESS": return false
            case "CREATE_COMPLETE": return true
            default: throw Failure("\(token) was accepted and is lost: \(answer.status) \(answer.text)")
            }
        }
        guard created.member("DatasetDescription", "ImageStats", "Total") == Self.images else {
            throw Failure("\(token) is half there: \(created.text)")
        }
    }

    private func delete(token: String) async throws {
        let answer = try await api.call("DELETE", dataset, token: token)
        guard answer.status == 202 else { throw Failure("\(token): \(answer.status) \(answer.text)") }
        _ = try await api.poll(dataset, token) { answer in
            if answer.status == 404 { return true }
            guard UpdateClient.status(answer) == "DELETE_IN_PROGRESS" else {
                throw Failure("\(token) was accepted and is lost: \(answer.text)")
            }
            return false
        }
    }
}
