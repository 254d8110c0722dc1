import HTTPTypes
import NIOCore
import NIOHTTPTypes

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// Keeps one connection's ``ConnectionPace``: feeds it what happens, and does what it says.
final class ConnectionPaceHandler: ChannelDuplexHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPRequestPart
    typealias InboundOut = HTTPRequestPart
    typealias OutboundIn = HTTPResponsePart
    typealias OutboundOut = HTTPResponsePart

    private let limits: ConnectionLimits
    private var pace: ConnectionPace
    private var timer: (at: NIODeadline, task: Scheduled<Void>)?
    private var isInformational = false
    private var isClosed = false

    init(limits: ConnectionLimits) {
        self.limits = limits
        pace = ConnectionPace(limits: limits, now: .now())
    }

    func handlerAdded(context: ChannelHandlerContext) {
        judge(context)
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        forget()
    }

    func channelInactive(context: ChannelHandlerContext) {
        forget()
        context.fireChannelInactive()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard !pace.isLingering else { return }
        switch unwrapInboundIn(data) {
        case .head: pace.head(now: .now())
        case .body(let buffer): pace.body(bytes: buffer.readableBytes)
        case .end: pace.end()
        }
        judge(context)
        context.fireChannelRead(data)
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        let now = NIODeadline.now()
        var (data, bytes) = (data, 0)
        switch unwrapOutboundIn(data) {
        case .head(var head):
            isInformational = head.status.kind == .informational
            if !isInformational, pace.answers() {
                head.headerFields[.connection] = "close"
                data = wrapOutboundOut(.head(head))
            }
        case .body(let buffer): bytes = buffer.readableBytes
        case .end: if !isInformational { pace.answered(now: now) }
        }
        pace.written(bytes: bytes, now: now)
        let promise = promise ?? context.eventLoop.makePromise()
        let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        promise.futureResult.whenComplete { _ in
            let (handler, context) = bound.value
            handler.pace.taken()
            handler.judge(context)
        }
        context.write(data, promise: promise)
        judge(context)
    }

    private func judge(_ context: ChannelHandlerContext) {
        guard !isClosed else { return }
        switch pace.judge(now: .now()) {
        case .wait(let deadline): if let deadline { wake(context, at: deadline) }
        case .interrupt:
            context.fireErrorCaught(ConnectionPace.TooSlow())
            judge(context)
        case .close: close(context)
        case .abort:
            // Otherwise the system keeps what is left for as long as the client likes.
            _ = (context.channel as? any SocketOptionProvider)?.setSoLinger(linger(l_onoff: 1, l_linger: 0))
            close(context)
        }
    }

    private func close(_ context: ChannelHandlerContext) {
        forget()
        context.close(promise: nil)
    }

    /// Nothing is waited for any more.
    private func forget() {
        isClosed = true
        timer?.task.cancel()
        timer = nil
    }

    /// One timer at most: it may come too early, when it is set again, but never too late.
    private func wake(_ context: ChannelHandlerContext, at deadline: NIODeadline) {
        if let timer {
            guard deadline < timer.at else { return }
            timer.task.cancel()
        }
        let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        let task = context.eventLoop.scheduleTask(deadline: deadline) {
            let (handler, context) = bound.value
            handler.timer = nil
            handler.judge(context)
        }
        timer = (deadline, task)
    }
}
