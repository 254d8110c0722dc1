import Foundation
import GRDB
import Testing

extension EndToEnd {
    /// What `kill -9` must not change about what the service has accepted.
    @Suite struct ServiceKillTests {
        private static let kills =
            ProcessInfo.processInfo.environment["LINEFEED_SERVICE_KILLS"].flatMap { Int($0) } ?? 25

        /// `LINEFEED_SERVICE_KILLS` chooses how many.
        @Test("The service is killed under load: what was accepted is applied whole, once", .timeLimit(.minutes(15)))
        func serviceIsKilled() async throws {
            let seed = UInt64.random(in: 0..<1_000_000)
            var random = Random(seed: seed)
            try await Arena.with { arena in
                let manifests = arena.folder.appending(path: "manifests")
                try LifecycleClient.writeManifest(in: manifests)
                func start(port: Int) async throws -> (child: Child, url: String) {
                    try await arena.startService(
                        port: port, options: ["--manifests", manifests.path, "--log-level", "warning"])
                }
                var service = try await start(port: 0)
                let port = try #require(URL(string: service.url)?.port)
                let api = PlainAPI(url: service.url) { await arena.moment() }
                let writers = (0..<4).map { UpdateClient(project: "updated-\($0)", api: api, seed: seed + UInt64($0)) }
                let lives = LifecycleClient(project: "lives", api: api)
                let stop = Flag()

                let (updates, datasets) = try await withThrowingTaskGroup(of: (updates: [SentUpdate], lives: Int).self)
                {
                    group in
                    for writer in writers { group.addTask { (try await writer.run(until: stop), 0) } }
                    group.addTask { ([], try await lives.run(until: stop)) }
                    for _ in 0..<Self.kills {
                        try await arena.wait(until: .now + .milliseconds(.random(in: 20...600, using: &random)))
                        let victim = service.child
                        try #require(victim.end == nil, "a service to be killed must be at work")
                        victim.kill()
                        try await arena.until("the service is dead", within: .seconds(60)) { victim.end != nil }
                        #expect(victim.end == .signal(SIGKILL))
                        service = try await start(port: port)
                    }
                    stop.raise()
                    var all: [SentUpdate] = []
                    var lives = 0
                    for try await result in group {
                        all += result.updates
                        lives += result.lives
                    }
                    return (all, lives)
                }
                service.child.terminate()
                try await arena.ended(service.child, within: .seconds(60))

                let history = try History(arena.database)
                let applied = try await history.updates()
                #expect(applied.repeatedTokens == [])
                #expect(Set(applied.map(\.token)) == Set(updates.filter(\.isGood).map(\.token)))
                #expect(try await history.failures() == updates.count { !$0.isGood })
                #expect(try await history.inProgress() == 0)
                #expect(try await history.problems() == ["ok"])
                print(
                    "service killed \(Self.kills) times, seed \(seed): \(updates.count) updates accepted, "
                        + "\(applied.count) applied, \(updates.count - applied.count) rolled back, none lost or doubled; "
                        + "\(datasets) datasets created from a manifest and deleted")
            }
        }
    }
}
