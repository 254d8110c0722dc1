import Foundation
import LookoutVision
import NIOCore
import NIOHTTP1
import NIOPosix
import Testing

@testable import DatasetClient

/// What connections are used for, and for how long.
@Suite(.timeLimit(.minutes(5))) struct ConnectionTests {
    private static let eventLoop = MultiThreadedEventLoopGroup.singleton.next()
    private static let request = OutgoingRequest(target: "/")

    /// Runs `body` with a pool for the server's endpoint, and ends it.
    private static func withPool(
        to endpoint: Endpoint, connectTimeout: Duration = .seconds(60), longestRest: TimeAmount = .seconds(600),
        _ body: (ConnectionPool) async throws -> Void
    ) async throws {
        let pool = ConnectionPool(
            endpoint: endpoint, tls: endpoint.tls(trusting: nil), connectTimeout: connectTimeout,
            longestRest: longestRest, on: eventLoop)
        do {
            try await body(pool)
            await pool.shutdown()
        } catch {
            await pool.shutdown()
            throw error
        }
    }

    @discardableResult
    private static func ask(
        _ pool: ConnectionPool, _ request: OutgoingRequest = request
    ) async throws -> (status: Int, text: String) {
        let answer = try await HTTPExchange.perform(request, over: pool, within: .seconds(600), upTo: 1 << 20)
        return (answer.status, String(decoding: answer.body, as: UTF8.self))
    }

    /// A listener that says nothing by itself, and the connections to it.
    private static func listen() async throws -> (listener: any Channel, children: AsyncStream<any Channel>) {
        let (children, accepted) = AsyncStream.makeStream(of: (any Channel).self)
        let listener = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .childChannelInitializer { channel in
                accepted.yield(channel)
                return channel.eventLoop.makeSucceededVoidFuture()
            }
            .bind(host: "127.0.0.1", port: 0).get()
        return (listener, children)
    }

    /// Waits until the pool has so many connections.
    private static func wait(for count: Int, openOf pool: ConnectionPool) async throws {
        while try await eventLoop.submit({ pool.openCount }).get() != count { await Task.yield() }
    }

    private static func connections(_ server: ScriptedServer) -> Int { Set(server.requests.map(\.connection)).count }

    @Test func oneConnectionServesOneAfterTheOther() async throws {
        try await ScriptedServer.run { _, number in
            .answer(200, [], "\(number)")
        } _: { server in
            try await Self.withPool(to: server.endpoint) { pool in
                for number in 0..<5 {
                    let answer = try await Self.ask(pool)
                    #expect(answer == (200, "\(number)"))
                }
            }
            #expect(Self.connections(server) == 1)
        }
    }

    @Test func thoseAtATimeHaveOneEachAndShareThemAfterwards() async throws {
        try await ScriptedServer.run { request, number in
            number < 3 ? .silence : .answer(200)
        } _: { server in
            try await Self.withPool(to: server.endpoint) { pool in
                let waiting = (0..<3).map { _ in Task { try await Self.ask(pool) } }
                var arrivals = server.arrivals.makeAsyncIterator()
                for _ in 0..<3 { _ = await arrivals.next() }
                #expect(Self.connections(server) == 3)
                for task in waiting {
                    task.cancel()
                    await #expect(throws: DatasetClientError.cancelled) { try await task.value }
                }
                try await Self.ask(pool)
                try await Self.ask(pool)
            }
            #expect(Self.connections(server) == 4, "a connection whose exchange was given up is not used again")
        }
    }

    /// Source: RFC 9112, 9.6.
    @Test func aServerThatWantsTheConnectionClosedGetsAnotherOne() async throws {
        try await ScriptedServer.run { _, _ in
            .answer(200, [("Connection", "close")])
        } _: { server in
            try await Self.withPool(to: server.endpoint) { pool in
                for _ in 0..<3 {
                    let answer = try await Self.ask(pool)
                    #expect(answer.status == 200)
                }
            }
            #expect(Self.connections(server) == 3)
        }
    }

    /// A server that reads no further than the head would never get to the next request.
    @Test func aRefusalBeforeTheBodysEndCostsTheConnection() async throws {
        try await ScriptedServer.run { request, _ in
            request.isUpdate ? .refusedUntouched(403, "no") : .answer(200)
        } _: { server in
            try await Self.withPool(to: server.endpoint) { pool in
                var long = OutgoingRequest(target: "/", method: .PATCH)
                long.body = .update(UpdateBody(ByteBuffer(repeating: 0x5a, count: Limits.changesBytes.upperBound)))
                let statuses = [try await Self.ask(pool, long).status, try await Self.ask(pool).status]
                #expect(statuses == [403, 200])
            }
        }
    }

    @Test func aConnectionThatRestsTooLongIsClosed() async throws {
        try await ScriptedServer.run { _, _ in
            .answer(200)
        } _: { server in
            try await Self.withPool(to: server.endpoint, longestRest: .milliseconds(50)) { pool in
                try await Self.ask(pool)
                try await Self.wait(for: 0, openOf: pool)
                try await Self.ask(pool)
            }
            #expect(Self.connections(server) == 2)
        }
    }

    /// A server that restarts closes what rests; nothing is sent there.
    @Test func aConnectionThatTheServerClosesIsForgotten() async throws {
        let (listener, children) = try await Self.listen()
        let endpoint = try Endpoint("http://127.0.0.1:\(listener.localAddress?.port ?? 0)")
        try await Self.withPool(to: endpoint) { pool in
            var servers = children.makeAsyncIterator()
            for text in ["first", "second"] {
                async let answer = Self.ask(pool)
                let server = try #require(await servers.next())
                try await server.writeAndFlush(
                    ByteBuffer(string: "HTTP/1.1 200 OK\r\nContent-Length: \(text.utf8.count)\r\n\r\n\(text)"))
                let heard = try await answer
                #expect(heard == (200, text))
                // Once by an end, once by an answer that nobody asked for.
                if text == "first" {
                    try await server.close()
                } else {
                    try await server.writeAndFlush(ByteBuffer(string: "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"))
                }
                try await Self.wait(for: 0, openOf: pool)
            }
        }
        try await listener.close()
    }

    @Test func nobodyListens() async throws {
        let (listener, _) = try await Self.listen()
        let endpoint = try Endpoint("http://127.0.0.1:\(listener.localAddress?.port ?? 0)")
        try await listener.close()
        try await Self.withPool(to: endpoint) { pool in
            let error = await #expect(throws: DatasetClientError.self) { try await Self.ask(pool) }
            #expect(error?.description.contains("refused") == true, "\(String(describing: error))")
            #expect(error?.isRetriable == true)
        }
    }

    @Test func aNameThatNobodyKnows() async throws {
        try await Self.withPool(to: Endpoint("http://nowhere.invalid")) { pool in
            await #expect(throws: DatasetClientError.transport("the host name nowhere.invalid is not known")) {
                try await Self.ask(pool)
            }
        }
    }

    private enum End: CaseIterable { case timeOut, cancellation, shutdown }

    /// TCP is there at once; the greeting that TLS begins with is never answered.
    @Test(arguments: End.allCases)
    private func aConnectionThatIsNotThereYetEndsToo(_ end: End) async throws {
        let (listener, children) = try await Self.listen()
        let endpoint = try Endpoint("https://127.0.0.1:\(listener.localAddress?.port ?? 0)")
        let patience = Duration.milliseconds(end == .timeOut ? 50 : 600_000)
        try await Self.withPool(to: endpoint, connectTimeout: patience) { pool in
            let task = Task { try await Self.ask(pool) }
            for await _ in children { break }
            let expected: DatasetClientError
            switch end {
            case .timeOut: expected = .transport("no connection within \(patience)")
            case .cancellation:
                task.cancel()
                expected = .cancelled
            case .shutdown:
                // Once the client knows of it.
                try await Self.wait(for: 1, openOf: pool)
                await pool.shutdown()
                expected = .transport("the client was shut down")
            }
            await #expect(throws: expected) { try await task.value }
            try await Self.wait(for: 0, openOf: pool)
        }
        try await listener.close()
    }

    @Test func theEndOfThePoolEndsWhatIsInFlightAndAllThatFollows() async throws {
        try await ScriptedServer.run { _, _ in
            .silence
        } _: { server in
            try await Self.withPool(to: server.endpoint) { pool in
                let task = Task { try await Self.ask(pool) }
                for await _ in server.arrivals { break }
                await pool.shutdown()
                let error = await #expect(throws: DatasetClientError.self) { try await task.value }
                #expect(error == .transport("the client was shut down"))
                await #expect(throws: DatasetClientError.transport("the client was shut down")) {
                    try await Self.ask(pool)
                }
                let open = try await Self.eventLoop.submit { pool.openCount }.get()
                #expect(open == 0)
            }
        }
    }
}
