import Testing

extension EndToEnd {
    @Suite struct CommandLineTests {
        /// sysexits.h's EX_USAGE.
        private static let usage: Int32 = 64

        @Test(
            "A wrong flag is status 64 and is named",
            arguments: [
                (["run", "--linger", "soon"], "--linger"),
                (["run", "--concurrency", "0"], "--concurrency"),
                (["run", "--endpoint", "nowhere"], "--endpoint"),
                (["run", "--frobnicate"], "--frobnicate"),
                (["run", "--membership", "sticky"], "--membership"),
                (["run", "--instance-id", "a b"], "--instance-id"),
                (["run", "--membership", "dynamic", "--instance-id", "a"], "--membership"),
                (["serve", "--port", "65536"], "--port"),
                (["broker", "--topic", "labelling:many"], "--topic"),
                (["publish", "-", "--project", "a/b", "--dataset-type", "train"], "--project"),
                (["export", "--project", "boards", "--dataset-type", "zzz"], "--dataset-type"),
                (["export", "--project", "boards"], "--dataset-type"),
                (["export", "--project", "boards", "--dataset-type", "train", "--image-root", "x"], "--image-root"),
                (["serve", "--projects", "-1"], "--projects"),
                (["backup"], "--to"),
            ])
        func wrongFlag(arguments: [String], flag: String) async throws {
            try await Arena.with { arena in
                let child = try arena.start("linefeed", arguments)
                child.mayEnd(with: Self.usage)
                try await arena.until("it has ended", within: .seconds(60)) { child.end != nil }
                #expect(child.end == .status(Self.usage))
                #expect(child.log.contains(flag), "\(child.log)")
                #expect(child.outputLines.isEmpty)
            }
        }
    }
}
