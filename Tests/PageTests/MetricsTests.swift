import Exposition
import LookoutVision
import Testing

@testable import DatasetService

/// What the served API tells Prometheus.
struct MetricsTests {
    private func metrics(_ stage: Stage) async throws -> [String: Double] {
        let lines = try await stage.get("/metrics").text.split(separator: "\n").filter { !$0.hasPrefix("#") }
        return Dictionary(
            lines.compactMap { line in
                line.lastIndex(of: " ").map { (String(line[..<$0]), Double(line[line.index(after: $0)...]) ?? .nan) }
            }
        ) { $1 }
    }

    @Test(.timeLimit(.minutes(5))) func whatWasAskedAndWhatBecameOfIt() async throws {
        try await Stage.run { stage in
            try await stage.create("boards", "train", "test")
            try await stage.update("boards", .train, [Samples.line("1.jpg", "normal"), Samples.line("2.jpg")])
            try await stage.update("boards", .train, [Samples.line("3.jpg", "anomaly")])
            try await stage.update("boards", .train, ["no JSON"])
            _ = try await stage.get(Operation.describeDataset.path(project: "none", datasetType: "train"))
            _ = try await stage.get("/")
            _ = try await stage.get("/projects/boards/train")
            // An update is over in the database a moment before it is counted.
            var values = try await metrics(stage)
            while values["linefeed_update_lines_total"] != 3
                || values[#"linefeed_update_duration_seconds_count{outcome="failed"}"#] != 1
            {
                try Task.checkCancellation()
                values = try await metrics(stage)
            }
            let wanted: [String: Double] = [
                #"linefeed_requests_total{operation="CreateProject",status="200"}"#: 1,
                #"linefeed_requests_total{operation="CreateDataset",status="202"}"#: 2,
                #"linefeed_requests_total{operation="UpdateDatasetEntries",status="202"}"#: 3,
                #"linefeed_requests_total{operation="DescribeDataset",status="404"}"#: 1,
                #"linefeed_requests_total{operation="page",status="200"}"#: 2,
                #"linefeed_request_duration_seconds_count{operation="UpdateDatasetEntries"}"#: 3,
                "linefeed_requests_in_flight": 1,
                #"linefeed_updates_total{outcome="accepted"}"#: 3, #"linefeed_updates_total{outcome="repeated"}"#: 0,
                #"linefeed_updates_total{outcome="applied"}"#: 2, #"linefeed_updates_total{outcome="failed"}"#: 1,
                #"linefeed_update_duration_seconds_count{outcome="failed"}"#: 1, "linefeed_update_lines_total": 3,
                "linefeed_updates_pending": 0, "linefeed_projects": 1, "linefeed_tokens": 3,
                #"linefeed_datasets{status="UPDATE_FAILED_ROLLBACK_COMPLETE"}"#: 1,
                #"linefeed_datasets{status="CREATE_COMPLETE"}"#: 1, #"linefeed_entries{class="normal"}"#: 1,
                #"linefeed_entries{class="anomaly"}"#: 1, #"linefeed_entries{class="unlabelled"}"#: 1,
                "linefeed_metrics_collection_failures_total": 0,
            ]
            for (name, value) in wanted { #expect(values[name] == value, "\(name)") }
            let bytes = try #require(values["linefeed_update_bytes_total"])
            #expect(bytes > 100)
            #expect(try #require(values[#"linefeed_database_bytes{file="main"}"#]) > 10_000)
        }
    }

    @Test func noRequestMakesASeriesOfItsOwn() async throws {
        try await Stage.run { stage in
            _ = try await stage.get("/nothing")
            let before = try await metrics(stage).keys.filter { $0.hasPrefix("linefeed_requests_total") }.count
            for number in 0..<50 {
                _ = try await stage.get("/nothing/\(number)")
                _ = try await stage.get(
                    Operation.describeDataset.path(project: "p\(number)", datasetType: "x\(number)"))
            }
            let values = try await metrics(stage)
            let after = values.keys.filter { $0.hasPrefix("linefeed_requests_total") }.count
            // What DescribeDataset answers, and the reading of the metrics itself.
            #expect(after <= before + 2)
            #expect(values[#"linefeed_requests_total{operation="none",status="404"}"#] == 51)
        }
    }

    @Test(
        "promtool check metrics finds nothing to say of the service's metrics",
        .enabled(if: Promtool.isInstalled, Comment(rawValue: Promtool.need)))
    func promtool() async throws {
        try await Stage.run { stage in
            try await stage.create("boards", "train")
            try await stage.update("boards", .train, [Samples.line("1.jpg", "normal")])
            let text = try await stage.get("/metrics").text
            let (status, output) = try Promtool.check(text)
            #expect(status == 0 && output.isEmpty, "\(output)")
        }
    }
}
