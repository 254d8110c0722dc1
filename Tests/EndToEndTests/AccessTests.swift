import Foundation
import Testing

extension EndToEnd {
    @Suite struct AccessTests {
        /// Keys, permissions, clocks, tampering, TLS, reloading and limits, as boto3 and Linefeed's own client see them.
        @Test(
            .enabled(if: Paths.exists(Paths.python), "needs .build/venv: deploy/install --tests"),
            .timeLimit(.minutes(5)))
        func whoGetsIn() async throws {
            try await Arena.with { arena in
                let script = Paths.tests.appending(path: "boto3_access.py").path
                let child = try arena.start(
                    "boto3_access", executable: Paths.python, [script, Paths.linefeed.path, arena.folder.path])
                child.mayEnd(with: 1)
                try await arena.until("boto3_access has ended", within: .seconds(240)) { child.end != nil }
                let failures = child.outputLines.filter { !$0.hasPrefix("ok ") }
                #expect(child.end == .status(0) && failures == ["all checks hold"], "\(failures)\n\(child.tail)")
            }
        }
    }
}
