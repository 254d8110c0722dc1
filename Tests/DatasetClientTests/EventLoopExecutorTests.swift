import AsyncHTTPClient
import LookoutVision
import NIOCore
import NIOPosix
import Testing

@testable import DatasetClient

@Suite(.timeLimit(.minutes(5))) struct EventLoopExecutorTests {
    @Test func aTaskStaysOnTheLoopWhateverItAwaits() async throws {
        let loop = MultiThreadedEventLoopGroup.singleton.next()
        let other = MultiThreadedEventLoopGroup.singleton.next()
        let (numbers, continuation) = AsyncStream.makeStream(of: Int.self)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask(executorPreference: EventLoopExecutor(loop)) {
                #expect(loop.inEventLoop)
                await Task.yield()
                #expect(loop.inEventLoop)
                #expect(try await other.submit { other.inEventLoop }.get())
                #expect(loop.inEventLoop, "after another loop's future")
                try await Task.sleep(for: .microseconds(1))
                #expect(loop.inEventLoop, "after a timer")
                for await _ in numbers { #expect(loop.inEventLoop, "after a stream's element") }
                async let child = loop.inEventLoop
                #expect(await child, "a child")
            }
            continuation.yield(1)
            continuation.finish()
            try await group.waitForAll()
        }
    }

    /// What a call is for: its answer is judged where it arrived.
    @Test func aCallChangesNoThread() async throws {
        try await ScriptedServer.run { request, _ in
            request.isUpdate ? .accepted("UPDATE_IN_PROGRESS") : .described("UPDATE_COMPLETE", token: "mine")
        } _: { server in
            try await DatasetClient.with(server) { client in
                let executor = try #require(client.executor as? EventLoopExecutor)
                let outcome = try await withThrowingTaskGroup(of: UpdateOutcome.self) { group in
                    group.addTask(executorPreference: executor) {
                        let outcome = try await client.update(
                            project: "p", type: .train, body: UpdateBody("{}"), token: "mine")
                        #expect(executor.eventLoop.inEventLoop)
                        return outcome
                    }
                    return try await group.next()
                }
                #expect(outcome == .completed)
            }
        }
    }

    @Test func callsTakeTurnsWhereThereAreConnectionsForAll() async throws {
        func loops(_ connections: Int) async throws -> [any TaskExecutor] {
            var configuration = DatasetClient.Configuration()
            configuration.connections = connections
            let client = DatasetClient(
                endpoint: try Endpoint("http://127.0.0.1:1"), region: "r", credentials: .anonymous,
                configuration: configuration)
            let executors = (0..<60).map { _ in client.executor }
            await client.shutdown()
            return executors
        }
        let many = try await loops(64)
        #expect(zip(many, many.dropFirst()).allSatisfy { $0 !== $1 })
        let count = Set(many.map(ObjectIdentifier.init)).count
        #expect(many[0] === many[count], "each as often as any other")
        let one = try await loops(1)
        #expect(one.allSatisfy { $0 === one[0] }, "no second connection")
    }

    /// Two lines of one loop would leave one's connections unused.
    @Test(arguments: [(1, 64, 1), (2, 64, 2), (3, 64, 3), (5, 64, 3), (5, 2, 2), (5, 0, 1)])
    func everyLineHasALoopOfItsOwn(threads: Int, connections: Int, lines: Int) async throws {
        let group = MultiThreadedEventLoopGroup(numberOfThreads: threads)
        let all = ConnectionLines(connections: connections, configuration: HTTPClient.Configuration(), group: group)
        var loops: Set<ObjectIdentifier> = []
        var clients: Set<ObjectIdentifier> = []
        for _ in 0..<lines {
            let executor = all.executor
            loops.insert(ObjectIdentifier(executor.eventLoop))
            clients.insert(try await executor.eventLoop.submit { ObjectIdentifier(all.http) }.get())
        }
        #expect(loops.count == lines)
        #expect(clients.count == lines, "whoever runs on a line's loop uses its connections")
        await all.shutdown()
        try await group.shutdownGracefully()
    }

    @Test func aCallThatIsCancelledThereEndsAtOnce() async throws {
        try await ScriptedServer.run { _, _ in
            .silence
        } _: { server in
            try await DatasetClient.with(server, { $0.requestTimeout = .seconds(600) }) { client in
                await withTaskGroup(of: Void.self) { group in
                    group.addTask(executorPreference: client.executor) {
                        await #expect(throws: DatasetClientError.cancelled) {
                            try await client.describeDataset(project: "p", type: .train)
                        }
                    }
                    for await _ in server.arrivals { break }
                    group.cancelAll()
                }
            }
        }
    }
}
