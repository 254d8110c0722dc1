import Foundation
import Testing

extension EndToEnd {
    /// What people did with the API at AWS, done here.
    @Suite struct FlowTests {
        @Test(
            "AWS's example flow runs with nothing changed but the endpoint",
            .enabled(if: Paths.exists(Paths.manifest), "needs ../shared/manifests"),
            .enabled(if: Paths.exists(Paths.python), "needs .build/venv: deploy/install --tests"),
            .timeLimit(.minutes(5)))
        func awsFlow() async throws {
            try await Arena.with { arena in
                let manifests = arena.folder.appending(path: "manifests")
                let bucket = manifests.appending(path: "lfv-getting-started")
                try FileManager.default.createDirectory(at: bucket, withIntermediateDirectories: true)
                try FileManager.default.copyItem(at: Paths.manifest, to: bucket.appending(path: "test.manifest"))
                let service = try await arena.startService(options: ["--manifests", manifests.path])
                let script = Paths.tests.appending(path: "boto3_flow.py").path
                let child = try arena.start(
                    "boto3_flow", executable: Paths.python,
                    [script, service.url, Paths.manifest.path, "lfv-getting-started", "test.manifest"])
                try await arena.ended(child, within: .seconds(60))
                #expect(child.outputLines.last == "the flow is through")
                #expect(child.outputLines.contains("exported 63 entries of test"))
            }
        }

        @Test("A backup is taken while the service runs, and restored when it does not", .timeLimit(.minutes(5)))
        func backup() async throws {
            try await Arena.with { arena in
                let service = try await arena.startService()
                let api = PlainAPI(url: service.url) { await arena.moment() }
                _ = try await api.call("POST", "", ["ProjectName": "kept"])
                let backup = arena.folder.appending(path: "backup.sqlite").path
                let said = try await arena.run(
                    "backup", ["backup", "--database", arena.database.path, "--to", backup])
                #expect(said.first?.contains("1 projects") == true)
                _ = try await api.call("POST", "", ["ProjectName": "given-up"])

                let restoration = ["restore", "--from", backup, "--database", arena.database.path]
                for (options, reason) in [(["--replace"], "is in use"), ([], "exists already")] {
                    let child = try arena.start("restore", restoration + options)
                    child.mayEnd(with: 1)
                    try await arena.until("the restore was refused", within: .seconds(60)) { child.end != nil }
                    #expect(child.end == .status(1))
                    #expect(child.log.contains(reason), "\(child.log)")
                }
                #expect(try await api.call("GET", "/given-up").status == 200)
                service.child.terminate()
                try await arena.ended(service.child, within: .seconds(60))
                try await arena.run("restore", restoration + ["--replace"])

                let again = try await arena.startService()
                let restored = PlainAPI(url: again.url) { await arena.moment() }
                #expect(try await restored.call("GET", "/kept").status == 200)
                #expect(try await restored.call("GET", "/given-up").status == 404)
            }
        }
    }
}
