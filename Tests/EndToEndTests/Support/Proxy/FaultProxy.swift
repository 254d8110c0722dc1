import NIOCore
import NIOPosix
import Synchronization

/// Stands between the workers and the service and does what networks do, by the numbers of a seed.
final class FaultProxy: Sendable {
    typealias Connection = NIOAsyncChannel<ByteBuffer, ByteBuffer>

    /// Where the proxy listens.
    let url: String

    private let server: NIOAsyncChannel<Connection, Never>
    private let servicePort: Int
    private let state: Mutex<State>

    private struct State {
        var random: Random
        var mode = ProxyMode.honest
        var counts: [ProxyFault: Int] = [:]
        var refused = 0
        var firstRefusal: ContinuousClock.Instant?
        var refusing: Duration = .zero
        var swallowed = 0
        var requests = 0
    }

    /// What became of the requests so far.
    struct Counts {
        var requests: Int
        var faults: [ProxyFault: Int]
        /// Turned away in the mode `refusing`.
        var refused: Int
        /// From the first to the last of them.
        var refusing: Duration
        /// Never answered in the mode `swallowing`.
        var swallowed: Int
    }

    private init(servicePort: Int, seed: UInt64) async throws {
        self.servicePort = servicePort
        state = Mutex(State(random: Random(seed: seed)))
        server = try await ServerBootstrap(group: .singletonMultiThreadedEventLoopGroup)
            .serverChannelOption(.backlog, value: 256)
            .bind(host: "127.0.0.1", port: 0) { channel in
                channel.eventLoop.makeCompletedFuture { try Self.framed(channel) }
            }
        url = "http://127.0.0.1:\(server.channel.localAddress?.port ?? 0)"
    }

    /// A proxy for the service at `url`, honest to begin with, there as long as `body` runs.
    static func with(
        service url: String, seed: UInt64, _ body: @Sendable (FaultProxy) async throws -> Void
    ) async throws {
        guard let port = url.split(separator: ":").last.flatMap({ Int($0) }) else { throw Failure("no port in \(url)") }
        let proxy = try await FaultProxy(servicePort: port, seed: seed)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await proxy.serve() }
            let outcome: Result<Void, any Error>
            do { outcome = .success(try await body(proxy)) } catch { outcome = .failure(error) }
            group.cancelAll()
            // How the connections ended is not what a test is about.
            while let ended = await group.nextResult() { _ = ended }
            try outcome.get()
        }
    }

    var mode: ProxyMode {
        get { state.withLock { $0.mode } }
        set { state.withLock { $0.mode = newValue } }
    }

    var counts: Counts {
        state.withLock {
            Counts(
                requests: $0.requests, faults: $0.counts, refused: $0.refused,
                refusing: $0.refusing,
                swallowed: $0.swallowed)
        }
    }

    // MARK: - Connections

    private func serve() async throws {
        try await withThrowingDiscardingTaskGroup { group in
            try await server.executeThenClose { connections in
                for try await connection in connections {
                    group.addTask { await self.serve(connection) }
                }
            }
        }
    }

    private func serve(_ client: Connection) async {
        // Outermost: a late duplicate does not keep a connection open that is to be cut.
        await withDiscardingTaskGroup { duplicates in
            // Any error means that one of the two connections broke, and then so does the other.
            try? await client.executeThenClose { requests, answers in
                try await self.withService { service in
                    var replies = service.replies.makeAsyncIterator()
                    for try await request in requests {
                        switch self.verdict(on: request) {
                        case .swallow: continue
                        case .answer(let answer): try await answers.write(answer)
                        case .carry(let fault, let delay):
                            if fault == .duplicate || fault == .duplicateLate {
                                duplicates.addTask { await self.repeatRequest(request, after: delay) }
                            }
                            let isWhole = try await self.carry(
                                request, fault, delay: delay, send: { try await service.requests.write($0) },
                                reply: { try await replies.next() }, answer: { try await answers.write($0) })
                            guard isWhole else { return }
                        }
                    }
                }
            }
        }
    }

    /// - Returns: false where the connection is to be cut now.
    private func carry(
        _ request: ByteBuffer, _ fault: ProxyFault?, delay: Duration,
        send: (ByteBuffer) async throws -> Void, reply: @concurrent () async throws -> ByteBuffer?,
        answer: (ByteBuffer) async throws -> Void
    ) async throws -> Bool {
        switch fault {
        case .cutBefore: return false
        case .cutInside: try await send(request.half)
        case .delayRequest:
            try await Task.sleep(for: delay)
            try await send(request)
        default: try await send(request)
        }
        guard fault != .cutInside, fault != .cutAfter, let reply = try await reply() else { return false }
        switch fault {
        case .loseAnswer: return false
        case .truncateAnswer:
            try await answer(reply.half)
            return false
        case .replaceAnswer: try await answer(.answer(status: 502, exception: nil))
        case .holdAnswer:
            try await Task.sleep(for: delay)
            try await answer(reply)
        default: try await answer(reply)
        }
        return true
    }

    /// Delivers a request once more; its answer goes nowhere.
    private func repeatRequest(_ request: ByteBuffer, after delay: Duration) async {
        do {
            try await Task.sleep(for: delay)
            try await withService { service in
                try await service.requests.write(request)
                var replies = service.replies.makeAsyncIterator()
                _ = try await replies.next()
            }
        } catch {
            // The service may be down, or the proxy is being closed: then it was no duplicate.
        }
    }

    // MARK: - The service's side

    private struct Service {
        let replies: NIOAsyncChannelInboundStream<ByteBuffer>
        let requests: NIOAsyncChannelOutboundWriter<ByteBuffer>
    }

    private func withService(_ body: @concurrent (Service) async throws -> Void) async throws {
        let channel = try await ClientBootstrap(group: .singletonMultiThreadedEventLoopGroup)
            .connect(host: "127.0.0.1", port: servicePort) { channel in
                channel.eventLoop.makeCompletedFuture { try Self.framed(channel) }
            }
        try await channel.executeThenClose { replies, requests in
            try await body(Service(replies: replies, requests: requests))
        }
    }

    private static func framed(_ channel: any Channel) throws -> Connection {
        try channel.pipeline.syncOperations.addHandler(ByteToMessageHandler(HTTPFrames()))
        return try Connection(wrappingChannelSynchronously: channel)
    }

    // MARK: - Chance

    private enum Verdict {
        case carry(ProxyFault?, delay: Duration)
        case answer(ByteBuffer)
        case swallow
    }

    private func verdict(on request: ByteBuffer) -> Verdict {
        state.withLock { state in
            state.requests += 1
            switch state.mode {
            case .honest: return .carry(nil, delay: .zero)
            case .refusing(let status, let exception):
                state.refused += 1
                state.firstRefusal = state.firstRefusal ?? .now
                state.refusing = state.firstRefusal.map { .now - $0 } ?? .zero
                return .answer(.answer(status: status, exception: exception))
            case .swallowing(let text):
                guard request.firstLine.contains(text) else { return .carry(nil, delay: .zero) }
                state.swallowed += 1
                return .swallow
            case .faulty(let percent):
                guard state.random.chance(percent), let fault = ProxyFault.allCases.randomElement(using: &state.random)
                else { return .carry(nil, delay: .zero) }
                state.counts[fault, default: 0] += 1
                if fault == .refuse {
                    return .answer(.answer(status: 503, exception: nil))
                }
                let limit = fault == .duplicate ? 5 : 3000
                return .carry(fault, delay: .milliseconds(Int.random(in: 0...limit, using: &state.random)))
            }
        }
    }
}
