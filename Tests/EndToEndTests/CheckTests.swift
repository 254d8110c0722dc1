import Foundation
import Testing

extension EndToEnd {
    @Suite struct CheckTests {
        private func check(
            _ arena: Arena, timeout: String = "10s", _ arguments: [String]
        ) async throws -> (end: Child.End?, lines: [String]) {
            let child = try arena.start("check", ["check", "--timeout", timeout] + arguments)
            child.mayEnd(with: 1)
            try await arena.until("it has ended", within: .seconds(90)) { child.end != nil }
            return (child.end, child.outputLines)
        }

        private func line(_ subject: String, of lines: [String]) throws -> String {
            try #require(lines.first { $0.dropFirst(6).hasPrefix(subject + " ") }, "\(lines)")
        }

        @Test("Where all is there, each line is ok and the status is 0")
        func ready() async throws {
            try await Arena.with { arena in
                let brokers = try await arena.startBroker(topics: ["events:3", "events.dead-letters:3"])
                let service = try await arena.startService()
                let file = arena.folder.appending(path: "worker.yaml")
                try Data("brokers: \(brokers)\ntopic: events\nendpoint: \(service.url)\n".utf8).write(to: file)
                let (end, lines) = try await check(
                    arena, timeout: "30s", ["--config", file.path, "--project", "boards"])
                #expect(end == .status(0))
                #expect(lines.count == 8, "\(lines)")
                #expect(try line("configuration", of: lines).contains("3 values from \(file.path)"))
                #expect(try line("topic", of: lines).contains("events: 3 partitions, 0 records"))
                #expect(try line("project", of: lines).hasPrefix("note"))
                #expect(lines.filter { $0.hasPrefix("ok  ") }.count == 7)
            }
        }

        @Test("What is not there is named with what to do, and the status is 1")
        func notReady() async throws {
            try await Arena.with { arena in
                let service = try await arena.startService()
                // Nobody listens on port 1.
                let (end, lines) = try await check(arena, ["--brokers", "127.0.0.1:1", "--endpoint", service.url])
                #expect(end == .status(1))
                let broker = try line("broker", of: lines)
                #expect(broker.hasPrefix("FAIL") && broker.contains("127.0.0.1:1") && broker.contains("--brokers"))
                #expect(try line("endpoint", of: lines).hasPrefix("ok"))

                let unserved = try await check(arena, ["--brokers", "127.0.0.1:1", "--endpoint", "http://127.0.0.1:1"])
                #expect(unserved.end == .status(1))
                #expect(try line("endpoint", of: unserved.lines).hasPrefix("FAIL"))

                let file = arena.folder.appending(path: "worker.yaml")
                try Data("linger: soon\n".utf8).write(to: file)
                let misconfigured = try await check(
                    arena, ["--config", file.path, "--brokers", "127.0.0.1:1", "--endpoint", service.url])
                #expect(misconfigured.end == .status(1))
                let configuration = try line("configuration", of: misconfigured.lines)
                #expect(configuration.hasPrefix("FAIL") && configuration.contains("\(file.path):1"), "\(configuration)")
            }
        }
    }
}
