import Kafka
import NIOCore
import NIOPosix
import NIOSSL
import Synchronization
import Testing

/// What stands before an embedded cluster of one broker and asks who comes: TLS, a SASL login, or both; then it passes
/// everything on. In what the broker says of itself its port is replaced by this one's, so that clients stay here.
///
/// Source: Kafka's protocol guide, "SASL authentication sequence": ApiVersions, SaslHandshake, SaslAuthenticate, and
/// nothing else before the login.
final class SecurityFront: Sendable {
    /// Where clients come in.
    let bootstrapServers: String
    private let channel: any Channel
    private let log: Log

    /// What was seen.
    final class Log: Sendable {
        fileprivate let logins = Mutex<[SASLLogin.Outcome]>([])
        fileprivate let heard: AsyncStream<SASLLogin.Outcome>.Continuation

        fileprivate init(_ heard: AsyncStream<SASLLogin.Outcome>.Continuation) {
            self.heard = heard
        }

        func add(_ outcome: SASLLogin.Outcome) {
            logins.withLock { $0.append(outcome) }
            heard.yield(outcome)
        }
    }

    /// Each login as it ends.
    let outcomes: AsyncStream<SASLLogin.Outcome>
    var logins: [SASLLogin.Outcome] { log.logins.withLock { $0 } }

    private init(port: Int, channel: any Channel, log: Log, outcomes: AsyncStream<SASLLogin.Outcome>) {
        bootstrapServers = "127.0.0.1:\(port)"
        self.channel = channel
        self.log = log
        self.outcomes = outcomes
    }

    /// Serves while `body` runs. Without `tls` there is none; without `login` a client has to show nothing.
    static func run(
        before cluster: EmbeddedCluster, tls: TLSConfiguration? = nil, login: SASLLogin.Expectation? = nil,
        _ body: (SecurityFront) async throws -> Void
    ) async throws {
        let upstream = try #require(cluster.bootstrapServers.split(separator: ":").last.flatMap { Int($0) })
        let (outcomes, heard) = AsyncStream.makeStream(of: SASLLogin.Outcome.self)
        let log = Log(heard)
        let context = try tls.map { try NIOSSLContext(configuration: $0) }
        let channel = try await ServerBootstrap(group: .singletonMultiThreadedEventLoopGroup)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let pipeline = channel.pipeline.syncOperations
                    if let context { try pipeline.addHandler(NIOSSLServerHandler(context: context)) }
                    try pipeline.addHandler(ByteToMessageHandler(KafkaFrames()))
                    try pipeline.addHandler(
                        FrontHandler(
                            upstream: upstream, port: channel.localAddress?.port ?? 0, login: login.map(SASLLogin.init),
                            log: log))
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        let front = SecurityFront(
            port: channel.localAddress?.port ?? 0, channel: channel, log: log, outcomes: outcomes)
        let result = await Result { try await body(front) }
        try await channel.close()
        try result.get()
    }
}

/// Four bytes of length, then the frame, which is handed on without them.
private struct KafkaFrames: ByteToMessageDecoder {
    typealias InboundOut = ByteBuffer

    mutating func decode(context: ChannelHandlerContext, buffer: inout ByteBuffer) throws -> DecodingState {
        guard let frame = buffer.readLengthPrefixedSlice(as: Int32.self) else { return .needMoreData }
        context.fireChannelRead(NIOAny(frame))
        return .continue
    }
}

extension ByteBuffer {
    fileprivate var framed: ByteBuffer {
        var result = ByteBuffer(integer: Int32(readableBytes))
        result.writeImmutableBuffer(self)
        return result
    }
}

/// One client's connection, and the one to the broker that belongs to it.
private final class FrontHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private let upstreamPort: Int
    private let port: Int
    private var login: SASLLogin?
    private let log: SecurityFront.Log
    private var upstream: (any Channel)?
    private var early: [ByteBuffer] = []
    /// Requests for ApiVersions on their way, by correlation id; their version.
    private var asked: [Int32: Int16] = [:]

    init(upstream: Int, port: Int, login: SASLLogin?, log: SecurityFront.Log) {
        upstreamPort = upstream
        self.port = port
        self.login = login
        self.log = log
    }

    func channelActive(context: ChannelHandlerContext) {
        let client = NIOLoopBound(context, eventLoop: context.eventLoop)
        let me = NIOLoopBound(self, eventLoop: context.eventLoop)
        ClientBootstrap(group: context.eventLoop)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(ByteToMessageHandler(KafkaFrames()))
                    try channel.pipeline.syncOperations.addHandler(Answers(front: me.value, client: client.value))
                }
            }
            .connect(host: "127.0.0.1", port: upstreamPort)
            .whenComplete { result in
                guard case .success(let channel) = result else { return client.value.close(promise: nil) }
                me.value.upstream = channel
                for frame in me.value.early { channel.writeAndFlush(frame.framed, promise: nil) }
                me.value.early = []
            }
        context.fireChannelActive()
    }

    func channelInactive(context: ChannelHandlerContext) {
        upstream?.close(promise: nil)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        context.close(promise: nil)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let frame = unwrapInboundIn(data)
        var rest = frame
        guard let (key, version, correlation) = rest.readMultipleIntegers(as: (Int16, Int16, Int32).self) else {
            return context.close(promise: nil)
        }
        if key == 18 { asked[correlation] = version }
        guard var login, !login.isDone, key != 18 else { return forward(frame) }
        // The client's name, which may be null.
        if let length = rest.readInteger(as: Int16.self), length > 0 { rest.moveReaderIndex(forwardBy: Int(length)) }
        var answer = ByteBuffer(integer: correlation)
        switch key {
        case 17: login.shakeHands(&rest, &answer)
        case 36: login.authenticate(&rest, version: version, &answer)
        // As a broker does: nothing else before the login.
        default: return context.close(promise: nil)
        }
        self.login = login
        if let outcome = login.outcome { log.add(outcome) }
        context.writeAndFlush(wrapOutboundOut(answer.framed), promise: nil)
    }

    private func forward(_ frame: ByteBuffer) {
        guard let upstream else { return early.append(frame) }
        upstream.writeAndFlush(frame.framed, promise: nil)
    }

    /// Adds the two requests of a login to what the broker says it understands.
    fileprivate func rewritten(_ frame: ByteBuffer) -> ByteBuffer {
        var frame = frame
        let start = frame.readerIndex
        if let correlation = frame.getInteger(at: start, as: Int32.self),
            let version = asked.removeValue(forKey: correlation), login != nil,
            frame.getInteger(at: start + 4, as: Int16.self) == 0, version < 3,
            let count = frame.getInteger(at: start + 6, as: Int32.self)
        {
            var patched = ByteBuffer()
            patched.writeInteger(correlation)
            patched.writeInteger(Int16(0))
            patched.writeInteger(count + 2)
            patched.writeMultipleIntegers(Int16(17), Int16(0), Int16(1))
            patched.writeMultipleIntegers(Int16(36), Int16(0), Int16(1))
            frame.moveReaderIndex(forwardBy: 10)
            patched.writeImmutableBuffer(frame)
            frame = patched
        }
        let own = ByteBuffer(string: "127.0.0.1")
        let pattern = Array(own.readableBytesView) + Self.bytes(Int32(upstreamPort))
        var bytes = Array(frame.readableBytesView)
        var index = 0
        while index + pattern.count <= bytes.count {
            if bytes[index..<index + pattern.count].elementsEqual(pattern) {
                bytes.replaceSubrange(index + pattern.count - 4..<index + pattern.count, with: Self.bytes(Int32(port)))
                index += pattern.count
            } else {
                index += 1
            }
        }
        return ByteBuffer(bytes: bytes)
    }

    private static func bytes(_ number: Int32) -> [UInt8] {
        withUnsafeBytes(of: number.bigEndian) { Array($0) }
    }

    /// The broker's side.
    private final class Answers: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer

        private let front: FrontHandler
        private let client: ChannelHandlerContext

        init(front: FrontHandler, client: ChannelHandlerContext) {
            self.front = front
            self.client = client
        }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            client.writeAndFlush(front.wrapOutboundOut(front.rewritten(unwrapInboundIn(data)).framed), promise: nil)
        }

        func channelInactive(context: ChannelHandlerContext) {
            client.close(promise: nil)
        }
    }
}

extension Result where Failure == any Error {
    fileprivate init(_ body: () async throws -> Success) async {
        do { self = .success(try await body()) } catch { self = .failure(error) }
    }
}
