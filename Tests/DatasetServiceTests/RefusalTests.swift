import Foundation
import LookoutVision
import Testing

@testable import DatasetService

@Suite("Refusals")
struct RefusalTests {
    /// One request and how it must be refused.
    struct Refusal: Sendable, CustomTestStringConvertible {
        var method: String
        var path: String
        var json: String?
        var headers: [String: String] = [:]
        var status: Int
        var type: String
        /// What the message must name.
        var names: String
        var testDescription: String { "\(method) \(path.prefix(90)) \(json?.prefix(40) ?? "")" }
    }

    private static let base = Operation.basePath
    private static let entries = base + "/p/datasets/train/entries"

    private static func invalid(
        _ method: String, _ path: String, _ json: String? = nil, token: String? = nil, names: String
    ) -> Refusal {
        Refusal(
            method: method, path: path, json: json, headers: token.map { [WireNames.clientToken: $0] } ?? [:],
            status: 400, type: "ValidationException", names: names)
    }

    static let refusals: [Refusal] = [
        invalid("POST", base, #"{"ProjectName":"-a"}"#, names: "ProjectName"),
        invalid("POST", base, #"{"ProjectName":""}"#, names: "ProjectName"),
        invalid("POST", base, #"{"ProjectName":"\#(String(repeating: "a", count: 256))"}"#, names: "ProjectName"),
        invalid("POST", base, #"{"ProjectName":7}"#, names: "ProjectName is of the wrong type"),
        invalid("POST", base, #"{"ProjectName":null}"#, names: "ProjectName"),
        invalid("POST", base, #"{}"#, names: "ProjectName is required"),
        invalid("POST", base, #"{"ProjectName""#, names: "JSON"),
        invalid("POST", base, "", names: "JSON"),
        invalid("POST", base, #"{"ProjectName":"new"}"#, token: "a_b", names: "ClientToken"),
        invalid(
            "POST", base, #"{"ProjectName":"new"}"#, token: String(repeating: "a", count: 65), names: "ClientToken"),
        invalid("GET", base + "/a%20b", names: "ProjectName"),
        invalid("GET", base + "/a%2Fb", names: "ProjectName"),
        invalid("GET", base + "/%zz", names: "ProjectName"),
        invalid("GET", base + "?maxResults=0", names: "MaxResults"),
        invalid("GET", base + "?nextToken=garbage", names: "NextToken"),
        invalid("POST", base + "/p/datasets", #"{"DatasetType":"zzz"}"#, names: "DatasetType"),
        invalid("POST", base + "/p/datasets", #"{}"#, names: "DatasetType"),
        invalid(
            "POST", base + "/p/datasets",
            #"{"DatasetType":"test","DatasetSource":{"GroundTruthManifest":{"S3Object":{"Bucket":"b","Key":"k"}}}}"#,
            names: "DatasetSource"),
        invalid("GET", base + "/p/datasets/zzz", names: "DatasetType"),
        invalid("GET", entries + "?maxResults=0", names: "MaxResults"),
        invalid("GET", entries + "?maxResults=101", names: "MaxResults"),
        invalid("GET", entries + "?maxResults=abc", names: "MaxResults"),
        invalid("GET", entries + "?maxResults=", names: "MaxResults"),
        invalid("GET", entries + "?nextToken=garbage", names: "NextToken"),
        invalid("GET", entries + "?nextToken=\(PageToken.project(name: "p").text)", names: "NextToken"),
        invalid(
            "GET", entries + "?nextToken=\(PageToken.entry(EntryCursor(datasetID: 99, lastEntryID: 1)).text)",
            names: "NextToken"),
        invalid("GET", entries + "?labeled=maybe", names: "Labeled"),
        invalid("GET", entries + "?anomalyClass=Normal", names: "AnomalyClass"),
        invalid("GET", entries + "?createdBefore=yesterday", names: "BeforeCreationDate"),
        invalid("GET", entries + "?createdAfter=1", names: "AfterCreationDate"),
        invalid("GET", entries + "?sourceRefContains=%20", names: "SourceRefContains"),
        invalid("GET", entries + "?sourceRefContains=", names: "SourceRefContains"),
        invalid("PATCH", entries, #"{}"#, names: "Changes is required"),
        invalid("PATCH", entries, #"{"Changes":""}"#, names: "Changes"),
        invalid("PATCH", entries, #"{"Changes":"not base64!"}"#, names: "Changes"),
        invalid("PATCH", entries, #"{"Changes":"AAAA"}"#, token: "", names: "ClientToken"),
        Refusal(
            method: "GET", path: base + "/nobody", status: 404, type: "ResourceNotFoundException", names: "nobody"),
        Refusal(
            method: "GET", path: base + "/p/datasets/test", status: 404, type: "ResourceNotFoundException",
            names: "p/test"),
        Refusal(
            method: "GET", path: base + "/nobody/datasets/train/entries", status: 404,
            type: "ResourceNotFoundException", names: "nobody"),
        Refusal(
            method: "PATCH", path: base + "/nobody/datasets/train/entries", json: #"{"Changes":"AAAA"}"#, status: 404,
            type: "ResourceNotFoundException", names: "nobody"),
        Refusal(method: "GET", path: "/nothing", status: 404, type: "UnknownOperationException", names: "path"),
        Refusal(method: "GET", path: base + "/p/models", status: 404, type: "UnknownOperationException", names: "path"),
        Refusal(method: "PUT", path: base, status: 405, type: "ValidationException", names: "POST, GET"),
        Refusal(
            method: "POST", path: entries, json: "{}", status: 405, type: "ValidationException", names: "GET, PATCH"),
    ]

    @Test("Each is refused under its modelled name, in the header and in the body")
    func refused() async throws {
        try await ServiceUnderTest.run { service in
            try await service.createDataset("p")
            for refusal in Self.refusals {
                let answer = try await service.call(
                    refusal.method, refusal.path, json: refusal.json, headers: refusal.headers)
                let what = Comment(rawValue: refusal.testDescription)
                #expect(answer.status == refusal.status, what)
                #expect(answer.errorType == refusal.type, what)
                #expect(answer.fault?.type == refusal.type, what)
                #expect(
                    answer.fault?.message?.contains(refusal.names) == true, "\(answer.fault?.message ?? "none") \(what)"
                )
                #expect(answer.header(WireNames.requestID) != nil, what)
            }
        }
    }

    @Test("A path segment is decoded only where it can be")
    func percentDecoding() {
        #expect(PercentDecoding.decodeSegment("a%2Fb%c3%A9") == "a/bé")
        for segment in ["%", "%4", "%4g", "%ff", "a%"] {
            #expect(PercentDecoding.decodeSegment(segment) == nil)
        }
    }

    @Test("What does not exist is named by ID and type")
    func notFound() async throws {
        try await ServiceUnderTest.run { service in
            let project = try await service.call(
                "GET", Operation.describeDataset.path(project: "p", datasetType: "train"))
            #expect((project.fault?.resourceID, project.fault?.resourceType) == ("p", "PROJECT"))
            try await service.createDataset("p", type: "test")
            let dataset = try await service.call(
                "GET", Operation.describeDataset.path(project: "p", datasetType: "train"))
            #expect((dataset.fault?.resourceID, dataset.fault?.resourceType) == ("p/train", "DATASET"))
        }
    }

    @Test("A payload of 10,485,760 bytes is taken, one more is refused, and a body over the limit is not read")
    func sizes() async throws {
        try await ServiceUnderTest.run { service in
            try await service.createDataset("p")
            let over = try await service.update("p", payload: Data(repeating: 0x20, count: 10_485_761))
            #expect((over.status, over.errorType) == (400, "ValidationException"))
            #expect(over.fault?.message?.contains("10485761") == true)
            let most = try await service.update("p", payload: Data(repeating: 0x20, count: 10_485_760))
            #expect(most.status == 202)
        }
        try await ServiceUnderTest.run(bodyLimitBytes: 1_000) { service in
            try await service.createDataset("p")
            let answer = try await service.update("p", payload: Data(repeating: 0x20, count: 2_000))
            #expect((answer.status, answer.errorType) == (400, "ValidationException"))
            #expect(answer.fault?.message?.contains("1000 bytes") == true)
        }
    }
}
