import Foundation
import Testing

extension EndToEnd {
    /// Static members, as far as the embedded cluster lets them be seen: it takes their names and does nothing with them.
    @Suite struct MembershipTests {
        @Test("A worker takes the name of one that was killed, and no other's", .timeLimit(.minutes(3)))
        func namesOfWorkers() async throws {
            let host = ProcessInfo.processInfo.hostName
            try await Arena.with { arena in
                let brokers = try await arena.startBroker(topics: ["labelling:2"])
                // A group that no other worker on this host is in.
                let setup = Arena.Setup(
                    brokers: brokers, endpoint: "http://127.0.0.1:9", group: "pool-\(UUID().uuidString)")
                func start(_ name: String, _ instance: String) async throws -> Child {
                    let worker = try arena.startWorker(name, setup, drain: false, membership: "static")
                    try await arena.until("\(name) is \(instance)", within: .seconds(60)) {
                        worker.log.contains("instance=\(instance)\n") || worker.log.contains("instance=\(instance) ")
                    }
                    return worker
                }
                let first = try await start("first", host)
                _ = try await start("second", "\(host)_1")
                first.kill()
                try await arena.until("the first is dead", within: .seconds(60)) { first.end != nil }
                _ = try await start("its successor", host)
                _ = try await start("third", "\(host)_2")
            }
        }

        @Test("A name that another worker has taken ends the worker, which says what to do", .timeLimit(.minutes(3)))
        func fenced() async throws {
            try await Arena.with { arena in
                let cluster = try await arena.startFaultyCluster(topics: ["labelling:2"])
                let setup = Arena.Setup(brokers: cluster.brokers, endpoint: "http://127.0.0.1:9")
                let worker = try arena.startWorker(
                    "worker", setup, ["--instance-id", "linefeed-0"], drain: false, membership: "static")
                worker.mayEnd(with: 1)
                try await arena.until("it has partitions", within: .seconds(60)) {
                    worker.log.contains("Partition assigned")
                }
                try await cluster.inject("errors heartbeat FENCED_INSTANCE_ID 3")
                try await arena.until("it has ended", within: .seconds(60)) { worker.end != nil }
                #expect(worker.end == .status(1))
                let last = try #require(worker.log.split(separator: "\n").last)
                #expect(last.contains("linefeed-0") && last.contains("--instance-id"), "\(worker.log)")
            }
        }

        @Test("A worker that drains, or is told so, has no name", .timeLimit(.minutes(3)))
        func dynamic() async throws {
            try await Arena.with { arena in
                let brokers = try await arena.startBroker(topics: ["labelling:1"])
                let worker = try arena.start(
                    "worker", ["run", "--brokers", brokers, "--topic", "labelling", "--until-end"])
                try await arena.ended(worker, within: .seconds(60))
                #expect(!worker.log.contains("Static member"))
            }
        }
    }
}
