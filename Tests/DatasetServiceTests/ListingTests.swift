import Foundation
import LookoutVision
import Testing

@testable import DatasetService

@Suite("Listing")
struct ListingTests {
    private static func dated(_ key: String, _ date: String) -> String {
        #"{"source-ref":"s3://photos/\#(key)","m":{"class-name":"normal","creation-date":"\#(date)","#
            + #""type":"groundtruth/image-classification"}}"#
    }

    @Test("Every filter restricts, and they combine")
    func filters() async throws {
        try await ServiceUnderTest.run { service in
            try await service.createDataset("p")
            let old = Self.dated("old/1", "2020-01-01T00:00:00.000001Z")
            let odd = Self.dated("odd%/2", "Mon Aug 22 2022 13:52:52 GMT-0700")
            let lines = [old, odd, line("IMG_17", "anomaly"), line("img_17"), line("x", "scratch")]
            _ = try await service.update("p", payload: Data(lines.joined(separator: "\n").utf8))
            _ = try await service.untilTerminal("p")
            let expectations: [(String, [Int])] = [
                ("", [0, 1, 2, 3, 4]),
                ("labeled=true", [0, 1, 2]),
                ("labeled=false", [3, 4]),
                ("anomalyClass=normal", [0, 1]),
                ("anomalyClass=anomaly", [2]),
                ("anomalyClass=anomaly&labeled=false", []),
                ("sourceRefContains=IMG_17", [2]),
                ("sourceRefContains=odd%25/", [1]),
                ("sourceRefContains=s3://photos/", [0, 1, 2, 3, 4]),
                // A line with a date is compared by it, any other by the time its update was accepted.
                ("createdBefore=2021-01-01T00:00:00Z", [0]),
                ("createdBefore=2020-01-01T00:00:00.000001Z", []),
                ("createdAfter=2020-01-01T00:00:00.000001Z", [1, 2, 3, 4]),
                ("createdAfter=2020-01-01T00:00:00Z&createdBefore=2023-11-14T22:13:20Z", [0]),
                ("createdAfter=2023-11-14T22:13:19Z&createdBefore=2023-11-14T22:13:21Z&labeled=true", [1, 2]),
            ]
            for (query, wanted) in expectations {
                let got = try await service.list("p", "?\(query)").datasetEntries
                #expect(got == wanted.map { lines[$0] }, "\(query)")
            }
        }
    }

    @Test("Paging neither repeats nor misses an entry while updates replace and add")
    func stablePaging() async throws {
        try await ServiceUnderTest.run { service in
            try await service.createDataset("p")
            let first = (0..<50).map { line("k-\($0)", "normal") }
            _ = try await service.update("p", payload: Data(first.joined(separator: "\n").utf8))
            _ = try await service.untilTerminal("p")
            var seen: [String] = []
            var query = "?maxResults=7"
            var round = 0
            while true {
                let page = try await service.list("p", query)
                seen += page.datasetEntries ?? []
                guard let token = page.nextToken else { break }
                query = "?maxResults=7&nextToken=\(PercentEncoding.encodeSegment(token))"
                // Between two pages: replace entries on both sides of the cursor and add one.
                _ = try await service.update("p", line("k-0", "anomaly"), line("k-49", "anomaly"), line("new-\(round)"))
                _ = try await service.untilTerminal("p")
                round += 1
            }
            let keys = try seen.map {
                try JSONDecoder().decode([String: AnyValue].self, from: Data($0.utf8))["source-ref"]
            }
            #expect(Set(keys).count == seen.count)
            for entry in first.dropLast() { #expect(seen.contains(entry)) }
            #expect(seen.contains(line("k-49", "anomaly")))
            #expect(seen.filter { $0.contains("/new-") }.count == round)
            #expect(round == 8)
        }
    }

    @Test("Lines come back exactly as they were sent")
    func asTheyCame() async throws {
        try await ServiceUnderTest.run { service in
            try await service.createDataset("p")
            let odd = #"{ "source-ref" :"s3:\/\/photos\/\u00e9 é\"",  "z":1.0e0, "é😀":"\/" }"#
            _ = try await service.update("p", payload: Data(" \(odd)\t\r\n".utf8))
            _ = try await service.untilTerminal("p")
            #expect(try await service.list("p").datasetEntries == [odd])
            #expect(try await service.list("p", "?sourceRefContains=%C3%A9%20%C3%A9%22").datasetEntries == [odd])
        }
    }
}

/// A JSON value of which only strings matter.
private struct AnyValue: Decodable, Hashable {
    var text: String?

    init(from decoder: any Decoder) throws {
        text = try? decoder.singleValueContainer().decode(String.self)
    }
}
