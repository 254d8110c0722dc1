import Foundation
import Testing

extension EndToEnd {
    @Suite struct ManifestTests {
        @Test(
            "A manifest comes through: broker, serve, publish, run, export",
            .enabled(if: Paths.exists(Paths.manifest), "needs ../shared/manifests"), .timeLimit(.minutes(5)))
        func manifestComesThrough() async throws {
            let manifest = try String(contentsOf: Paths.manifest, encoding: .utf8)
            let wanted = try JSONLines.canonical(manifest.split(separator: "\n").map(String.init))
            #expect(wanted.count == 63)
            try await Arena.with { arena in
                let brokers = try await arena.startBroker(topics: ["labelling:4"])
                let service = try await arena.startService()
                let setup = Arena.Setup(brokers: brokers, endpoint: service.url)
                try await arena.run(
                    "publish",
                    ["publish", Paths.manifest.path, "--brokers", brokers, "--topic", setup.topic]
                        + ["--project", "boards", "--dataset-type", "test"])
                try await arena.ended(try arena.startWorker("worker", setup), within: .seconds(60))
                let lines = try await arena.export("boards", "test", from: service.url)
                #expect(try JSONLines.canonical(lines) == wanted)
                for partition in try await setup.progress() { #expect(partition.committed == partition.high) }

                let history = try History(arena.database)
                let updates = try await history.updates()
                #expect(updates.linesByDataset == ["boards/test": 63])
                try await arena.ended(try arena.startWorker("worker with nothing new", setup), within: .seconds(60))
                #expect(try await history.updates() == updates, "a second run applied something")

                if Paths.exists(Paths.python) {
                    try await checkWithBoto3(arena, setup, wanted)
                } else {
                    print("not read with boto3: there is no .build/venv, see deploy/install --tests")
                }
            }
        }

        /// The client that users have reads the same: entries, status, statistics.
        private func checkWithBoto3(_ arena: Arena, _ setup: Arena.Setup, _ wanted: [String]) async throws {
            let script = Paths.tests.appending(path: "boto3_dataset.py").path
            let child = try arena.start(
                "boto3", executable: Paths.python, [script, setup.endpoint, "boards", "test"])
            try await arena.ended(child, within: .seconds(60))
            let output = child.outputLines
            #expect(output.first == "UPDATE_COMPLETE total=63 labeled=63 normal=31 anomaly=32")
            #expect(try JSONLines.canonical(output.dropFirst()) == wanted)
        }

        @Test(
            "boto3 1.40.60 finds the API it knows",
            .enabled(if: Paths.exists(Paths.manifest), "needs ../shared/manifests"),
            .enabled(if: Paths.exists(Paths.python), "needs .build/venv: deploy/install --tests"),
            .timeLimit(.minutes(5)))
        func boto3() async throws {
            try await Arena.with { arena in
                let service = try await arena.startService()
                let script = Paths.tests.appending(path: "boto3_check.py").path
                let child = try arena.start(
                    "boto3_check", executable: Paths.python, [script, service.url, Paths.manifest.path])
                child.mayEnd(with: 1)
                try await arena.until("boto3_check has ended", within: .seconds(60)) { child.end != nil }
                let failures = child.outputLines.filter { !$0.hasPrefix("ok ") }
                #expect(child.end == .status(0) && failures == ["all checks hold"], "\(failures)\n\(child.tail)")
            }
        }
    }
}
