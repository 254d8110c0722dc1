import DatasetClient
import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL
import Synchronization

/// A real HTTP server on loopback that answers as a test tells it to, and remembers what it was asked.
final class ScriptedServer: Sendable {
    struct Request: Sendable {
        let method: String
        let uri: String
        let headers: HTTPHeaders
        let body: ByteBuffer
        /// The client's port: which connection it came over.
        let connection: Int?

        var path: String { String(uri.prefix { $0 != "?" }) }
        var query: String { String(uri.drop { $0 != "?" }.dropFirst()) }
        var isUpdate: Bool { method == "PATCH" }
    }

    enum Reply: Sendable {
        case answer(Int, [(String, String)] = [], String = "")
        /// A dataset's description with this status.
        case described(String, message: String = "", token: String? = nil)
        /// An accepted update with this status.
        case accepted(String)
        /// Answers as soon as it has seen the request's head, and throws the body away as it comes.
        case refusedUnread(Int, String)
        /// The same, and reads nothing of the body.
        case refusedUntouched(Int, String)
        /// The same without a body, in chunks: that there are none comes in a later segment.
        case refusedLate(Int)
        /// Never answers.
        case silence
        /// Closes the connection without an answer.
        case hangUp
        /// Promises a longer body than it sends, and leaves the connection open.
        case stall(String)
        /// Promises a longer body than it sends, and closes the connection.
        case cutOff(String)
    }

    let endpoint: Endpoint
    /// Every request as it has been read whole.
    let arrivals: AsyncStream<Request>
    private let channel: any Channel
    private let log: Log

    private final class Log: Sendable {
        let requests = Mutex<[Request]>([])
        let arrivals: AsyncStream<Request>.Continuation
        let reply: @Sendable (Request, Int) -> Reply

        init(
            arrivals: AsyncStream<Request>.Continuation, reply: @escaping @Sendable (Request, Int) -> Reply
        ) {
            self.arrivals = arrivals
            self.reply = reply
        }

        /// What is said without waiting for the body, if that is what the test wants.
        func early(_ head: HTTPRequestHead) -> Reply? {
            let request = Request(
                method: head.method.rawValue, uri: head.uri, headers: head.headers, body: ByteBuffer(), connection: nil)
            let reply = reply(request, requests.withLock { $0.count })
            switch reply {
            case .refusedUnread, .refusedUntouched, .refusedLate: return reply
            default: return nil
            }
        }

        func answer(_ request: Request) -> Reply {
            let index = requests.withLock {
                $0.append(request)
                return $0.count - 1
            }
            arrivals.yield(request)
            return reply(request, index)
        }
    }

    private init(endpoint: Endpoint, arrivals: AsyncStream<Request>, channel: any Channel, log: Log) {
        self.endpoint = endpoint
        self.arrivals = arrivals
        self.channel = channel
        self.log = log
    }

    var requests: [Request] { log.requests.withLock { $0 } }

    /// Serves while `body` runs, over TLS where that is given. `reply` gets each request and how many came before it.
    static func run(
        tls: TLSConfiguration? = nil, _ reply: @escaping @Sendable (Request, Int) -> Reply,
        _ body: (ScriptedServer) async throws -> Void
    ) async throws {
        let (arrivals, continuation) = AsyncStream.makeStream(of: Request.self)
        let log = Log(arrivals: continuation, reply: reply)
        let context = try tls.map { try NIOSSLContext(configuration: $0) }
        let channel = try await ServerBootstrap(group: .singletonMultiThreadedEventLoopGroup)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    if let context {
                        try channel.pipeline.syncOperations.addHandler(NIOSSLServerHandler(context: context))
                    }
                    try channel.pipeline.syncOperations.configureHTTPServerPipeline()
                    try channel.pipeline.syncOperations.addHandler(Handler(log: log))
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        let server = ScriptedServer(
            endpoint: try Endpoint("\(tls == nil ? "http" : "https")://127.0.0.1:\(channel.localAddress?.port ?? 0)"),
            arrivals: arrivals,
            channel: channel, log: log)
        do {
            try await body(server)
        } catch {
            try await channel.close()
            throw error
        }
        try await channel.close()
    }

    private final class Handler: ChannelInboundHandler {
        typealias InboundIn = HTTPServerRequestPart
        typealias OutboundOut = HTTPServerResponsePart

        private let log: Log
        private var head: HTTPRequestHead?
        private var body = ByteBuffer()

        init(log: Log) {
            self.log = log
        }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            switch unwrapInboundIn(data) {
            case .head(let head):
                self.head = head
                body = ByteBuffer()
                guard let early = log.early(head) else { return }
                self.head = nil
                write(early, context: context)
            case .body(var part):
                body.writeBuffer(&part)
            case .end:
                guard let head else { return }
                let request = Request(
                    method: head.method.rawValue, uri: head.uri, headers: head.headers, body: body,
                    connection: context.remoteAddress?.port)
                write(log.answer(request), context: context)
            }
        }

        func errorCaught(context: ChannelHandlerContext, error: any Error) {
            context.close(promise: nil)
        }

        private func write(_ reply: Reply, context: ChannelHandlerContext) {
            switch reply {
            case .answer(let status, let headers, let text):
                write(status, headers, text, promised: text.utf8.count, context: context)
                context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
            case .described(let status, let message, let token):
                let headers = token.map { [("x-linefeed-latest-update-token", $0)] } ?? []
                let text = #"{"DatasetDescription":{"Status":"\#(status)","StatusMessage":"\#(message)"}}"#
                write(.answer(200, headers, text), context: context)
            case .accepted(let status):
                write(.answer(202, [], #"{"Status":"\#(status)"}"#), context: context)
            case .refusedUnread(let status, let text):
                write(.answer(status, [], text), context: context)
            case .refusedUntouched(let status, let text):
                stopReading(context.channel)
                write(.answer(status, [], text), context: context)
            case .refusedLate(let status):
                stopReading(context.channel)
                let head = HTTPResponseHead(
                    version: .http1_1, status: HTTPResponseStatus(statusCode: status),
                    headers: ["Transfer-Encoding": "chunked"])
                context.writeAndFlush(wrapOutboundOut(.head(head)), promise: nil)
                let channel = context.channel
                context.eventLoop.scheduleTask(in: .milliseconds(20)) {
                    channel.writeAndFlush(HTTPServerResponsePart.end(nil), promise: nil)
                }
            case .silence:
                break
            case .hangUp:
                context.close(promise: nil)
            case .stall(let text):
                write(200, [], text, promised: text.utf8.count + 100, context: context)
                context.flush()
            case .cutOff(let text):
                write(200, [], text, promised: text.utf8.count + 100, context: context)
                context.flush()
                context.close(promise: nil)
            }
        }

        private func stopReading(_ channel: any Channel) {
            channel.setOption(.autoRead, value: false).whenFailure { channel.pipeline.fireErrorCaught($0) }
        }

        private func write(
            _ status: Int, _ headers: [(String, String)], _ text: String, promised: Int,
            context: ChannelHandlerContext
        ) {
            var fields = HTTPHeaders(headers)
            fields.add(name: "Content-Length", value: String(promised))
            let head = HTTPResponseHead(
                version: .http1_1, status: HTTPResponseStatus(statusCode: status), headers: fields)
            context.write(wrapOutboundOut(.head(head)), promise: nil)
            context.write(wrapOutboundOut(.body(.byteBuffer(ByteBuffer(string: text)))), promise: nil)
        }
    }
}
