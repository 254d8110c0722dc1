import Foundation
import Testing

extension EndToEnd {
    /// What other programs read of a dataset.
    @Suite struct ExportTests {
        private static let images = [
            #"{"source-ref":"s3://b/no label.jpg"}"#,
            labelled("s3://b/plain.jpg", "normal"),
            labelled(#"s3://b/with, a \"quote\".jpg"#, "anomaly"),
            labelled("s3://b/Ü/line\u{2028}.jpg", "Anomaly"),
            labelled("s3://b/other.jpg", "scratch"),
        ]

        private static func labelled(_ image: String, _ name: String) -> String {
            #"{"source-ref":"\#(image)","l":1,"l-metadata":{"class-name":"\#(name)","#
                + #""type":"groundtruth/image-classification"}}"#
        }

        /// A service with a dataset of these lines.
        private func serve(_ arena: Arena, _ datasets: [(type: String, lines: [String])]) async throws -> String {
            let service = try await arena.startService()
            let api = PlainAPI(url: service.url) { await arena.moment() }
            _ = try await api.call("POST", "", ["ProjectName": "p"])
            for (type, lines) in datasets {
                _ = try await api.call("POST", "/p/datasets", ["DatasetType": type])
                let changes = Data(lines.joined(separator: "\n").utf8).base64EncodedString()
                _ = try await api.call("PATCH", "/p/datasets/\(type)/entries", ["Changes": changes])
                try await arena.until("the update is over", within: .seconds(60)) {
                    let answer = try await api.call("GET", "/p/datasets/\(type)")
                    return answer.member("DatasetDescription", "Status") == "UPDATE_COMPLETE"
                }
            }
            return service.url
        }

        private func export(_ arena: Arena, _ url: String, _ options: [String]) async throws -> Child {
            let child = try arena.start("export", ["export", "--endpoint", url, "--project", "p"] + options)
            try await arena.ended(child, within: .seconds(60))
            return child
        }

        /// Rows as Python's csv reads them.
        private func rows(_ arena: Arena, _ table: Child) async throws -> [[String]] {
            let file = arena.folder.appending(path: "table.csv")
            try Data((table.outputLines.joined(separator: "\n") + "\n").utf8).write(to: file)
            let script =
                "import csv, json, sys; [print(json.dumps(r)) for r in csv.reader(open(sys.argv[1], newline=''))]"
            let reader = try arena.start("csv", executable: Paths.python, ["-c", script, file.path])
            try await arena.ended(reader, within: .seconds(60))
            return try reader.outputLines.map { try JSONDecoder().decode([String].self, from: Data($0.utf8)) }
        }

        @Test(
            "Anomalib's table has the labelled images of both datasets",
            .enabled(if: Paths.exists(Paths.manifest), "needs ../shared/manifests"),
            .enabled(if: Paths.exists(Paths.python), "needs .build/venv: deploy/install --tests"),
            .timeLimit(.minutes(5)))
        func anomalib() async throws {
            let real = try String(contentsOf: Paths.manifest, encoding: .utf8).split(separator: "\n").map(String.init)
            try await Arena.with { arena in
                let url = try await serve(arena, [("train", Self.images), ("test", real)])
                let table = try await export(arena, url, ["--format", "anomalib"])
                let rows = try await rows(arena, table)
                #expect(rows.first == ["image_path", "label_index", "split", "mask_path"])
                #expect(
                    rows.dropFirst().prefix(3) == [
                        ["s3://b/plain.jpg", "0", "train", ""], [#"s3://b/with, a "quote".jpg"#, "1", "train", ""],
                        ["s3://b/Ü/line\u{2028}.jpg", "1", "train", ""],
                    ])
                let test = rows.dropFirst(4)
                #expect(test.count == 63)
                #expect(test.allSatisfy { $0.count == 4 && $0[2] == "test" })
                #expect(test.count { $0[1] == "1" && $0[3].hasSuffix(".png") } == 32)
                #expect(test.count { $0[1] == "0" && $0[3].isEmpty } == 31)
                #expect(table.log.contains("Left out 2 of 68 entries:\n  2 unlabelled"), "\(table.log)")

                let local = try await export(
                    arena, url, ["--format", "anomalib", "--dataset-type", "train", "--image-root", "/data/"])
                #expect(local.outputLines.dropFirst().first == "/data/plain.jpg,0,train,")
                #expect(local.outputLines.count == 4)
            }
        }

        @Test(
            "SageMaker's manifest has the lines that have every attribute",
            .enabled(if: Paths.exists(Paths.manifest), "needs ../shared/manifests"), .timeLimit(.minutes(5)))
        func sagemaker() async throws {
            let real = try String(contentsOf: Paths.manifest, encoding: .utf8).split(separator: "\n").map(String.init)
            try await Arena.with { arena in
                let url = try await serve(arena, [("train", Self.images), ("test", real)])
                let classification = try await export(
                    arena, url, ["--format", "sagemaker", "--dataset-type", "train"])
                #expect(classification.outputLines == Array(Self.images[1...3]))
                #expect(classification.log == "Left out 2 of 5 entries:\n  2 unlabelled\n")

                let segmentation = try await export(arena, url, ["--format", "sagemaker", "--dataset-type", "test"])
                #expect(segmentation.outputLines == real.filter { $0.contains("anomaly-mask-ref") })
                #expect(segmentation.outputLines.count == 32)
                #expect(
                    segmentation.log == """
                        Left out 31 of 63 entries:
                          31 without anomaly-mask-ref, anomaly-mask-ref-metadata
                        AttributeNames: anomaly-label, anomaly-label-metadata, anomaly-mask-ref, \
                        anomaly-mask-ref-metadata, source-ref

                        """)
            }
        }

        @Test("A table of a project with one dataset says which is missing; of none, it fails", .timeLimit(.minutes(3)))
        func missing() async throws {
            try await Arena.with { arena in
                let url = try await serve(arena, [("train", Self.images)])
                let table = try await export(arena, url, ["--format", "anomalib"])
                #expect(table.outputLines.count == 4)
                #expect(table.log.contains("There is no test dataset."))
                for options in [
                    ["--project", "nobody", "--format", "anomalib"], ["--project", "p", "--dataset-type", "test"],
                ] {
                    let child = try arena.start("export", ["export", "--endpoint", url] + options)
                    child.mayEnd(with: 1)
                    try await arena.until("it has ended", within: .seconds(60)) { child.end != nil }
                    #expect(child.end == .status(1))
                }
            }
        }
    }
}
