import FoundationEssentials
import NIOCore
import NIOHTTP1
import NIOTLS

/// One connection: the exchange it is busy with is sent whole, and its answer read, before the next one's turn.
///
/// An answer that comes before the request was sent to its end is heard, and ends the connection: what it still waits for
/// nobody will send. Everything happens on the event loop of the pool.
final class Connection: ChannelInboundHandler {
    typealias InboundIn = HTTPClientResponsePart
    typealias OutboundOut = HTTPClientRequestPart

    private let pool: ConnectionPool
    private var context: ChannelHandlerContext?
    /// Without TLS from the beginning.
    private var isSecured: Bool
    /// Until the connection is there, TLS included.
    private var connectTimer: Scheduled<Void>?
    private var exchange: HTTPExchange?
    /// What is still to be sent of its body.
    private var blocks: UpdateBody.Blocks?
    private var answer: (head: HTTPResponseHead, body: ByteBuffer)?
    private var failure: DatasetClientError?
    /// With TLS that takes a while, for which the channel stays active.
    private var isClosing = false
    private(set) var idleSince = NIODeadline.uptimeNanoseconds(0)

    init(pool: ConnectionPool, isSecured: Bool) {
        self.pool = pool
        self.isSecured = isSecured
    }

    var isOpen: Bool { failure == nil && !isClosing && context?.channel.isActive == true }
    var closed: EventLoopFuture<Void>? { context?.channel.closeFuture }

    /// Takes on its first exchange, before the connection is secured; `timer` is over when it has been.
    func begin(_ exchange: HTTPExchange, timer: Scheduled<Void>) {
        if isSecured { timer.cancel() } else { connectTimer = timer }
        carry(exchange)
    }

    /// Takes on an exchange, where it has none.
    func carry(_ exchange: HTTPExchange) {
        guard let context, isOpen else { return exchange.end(.failure(failure ?? Self.ended)) }
        self.exchange = exchange
        exchange.isCarried(by: self)
        if isSecured { send(exchange.request, context) }
    }

    /// Closes it, and says why to whom it is busy for.
    func end(_ reason: DatasetClientError) {
        exchange?.end(.failure(reason))
        close()
    }

    func close() {
        isClosing = true
        (blocks, answer) = (nil, nil)
        context?.close(promise: nil)
    }

    private static let ended = DatasetClientError.transport("the connection ended before the answer")
}

// MARK: - What is sent

extension Connection {
    private func send(_ request: OutgoingRequest, _ context: ChannelHandlerContext) {
        context.write(wrapOutboundOut(.head(request.head(to: pool.endpoint.authority))), promise: nil)
        switch request.body {
        case .update(let body):
            blocks = body.blocks(of: UpdateBody.payloadBytesOfAWrite)
            return sendBlocks(context)
        case .bytes(let bytes): context.write(wrapOutboundOut(.body(.byteBuffer(bytes))), promise: nil)
        case nil: break
        }
        context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
    }

    /// As many as the connection takes. Each is flushed, since TLS counts nothing as sent before: the connection would seem to
    /// take them all.
    private func sendBlocks(_ context: ChannelHandlerContext) {
        while context.channel.isWritable, let block = blocks?.next() {
            context.write(wrapOutboundOut(.body(.byteBuffer(block))), promise: nil)
            if blocks?.isAtEnd == true {
                blocks = nil
                context.write(wrapOutboundOut(.end(nil)), promise: nil)
            }
            // (It may become writable in here already, and go on with the next one.)
            context.flush()
        }
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        if blocks != nil, context.channel.isWritable { sendBlocks(context) }
        context.fireChannelWritabilityChanged()
    }
}

// MARK: - What comes back

extension Connection {
    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        // What nobody asked for, or nobody waits for any more.
        guard let exchange, !exchange.isOver else { return close() }
        switch unwrapInboundIn(data) {
        case .head(let head): answer = (head, ByteBuffer())
        case .body(var part):
            answer?.body.writeBuffer(&part)
            guard let size = answer?.body.readableBytes, size > exchange.largestAnswer else { return }
            exchange.end(.failure(.malformedResponse("more than \(exchange.largestAnswer) bytes")))
        case .end:
            if let answer { finish(exchange, head: answer.head, body: answer.body) }
        }
    }

    /// Whether the system has taken all of the request.
    private var isSent: Bool {
        blocks == nil && (try? context?.channel.syncOptions?.getOption(.bufferedWritableBytes)) == 0
    }

    private func finish(_ exchange: HTTPExchange, head: HTTPResponseHead, body: ByteBuffer) {
        // (A status below 200 that ends an exchange leads to another protocol.)
        let isOfUse = isOpen && isSent && head.isKeepAlive && head.status.code >= 200
        self.exchange = nil
        answer = nil
        if isOfUse {
            idleSince = .now()
            pool.rest(self)
        } else {
            close()
        }
        exchange.end(
            .success(
                APIAnswer(status: Int(head.status.code), headers: head.headers, body: Data(body.readableBytesView))))
    }
}

// MARK: - Begin and end

extension Connection {
    func handlerAdded(context: ChannelHandlerContext) { self.context = context }

    func handlerRemoved(context: ChannelHandlerContext) { self.context = nil }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case TLSUserEvent.handshakeCompleted = event {
            isSecured = true
            connectTimer?.cancel()
            connectTimer = nil
            if let exchange { send(exchange.request, context) }
        }
        context.fireUserInboundEventTriggered(event)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        let error = DatasetClientError(connection: error, within: pool.connectTimeout)
        failure = failure ?? error
        end(error)
    }

    func channelInactive(context: ChannelHandlerContext) {
        connectTimer?.cancel()
        let reason = failure ?? Self.ended
        failure = reason
        pool.forget(self)
        exchange?.end(.failure(reason))
        exchange = nil
        blocks = nil
        context.fireChannelInactive()
    }
}
