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

    @Test func callsTakeTurns() async throws {
        let client = DatasetClient(endpoint: try Endpoint("http://127.0.0.1:1"), region: "r", credentials: .anonymous)
        let executors = (0..<60).map { _ in client.executor }
        await client.shutdown()
        let count = Set(executors.map(ObjectIdentifier.init)).count
        #expect(count > 1)
        #expect(executors[0] === executors[count], "each as often as any other")
        #expect(zip(executors, executors.dropFirst()).allSatisfy { $0 !== $1 })
    }

    @Test(arguments: 1...4)
    func everyLineHasALoopOfItsOwn(lines: Int) async throws {
        let group = MultiThreadedEventLoopGroup(numberOfThreads: lines)
        let all = ConnectionLines(
            endpoint: try Endpoint("http://127.0.0.1:1"), authorities: nil, connectTimeout: .seconds(5), group: group)
        var loops: Set<ObjectIdentifier> = []
        var pools: Set<ObjectIdentifier> = []
        for _ in 0..<lines {
            let executor = all.executor
            loops.insert(ObjectIdentifier(executor.eventLoop))
            pools.insert(try await executor.eventLoop.submit { ObjectIdentifier(all.pool) }.get())
        }
        #expect(loops.count == lines)
        #expect(pools.count == lines, "whoever runs on a line's loop uses its connections")
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
