import NIOCore

/// Flushes once for all that a turn of the event loop writes to a connection: the HTTP client flushes a request's head and
/// its body, which would be two segments, and two awakenings of the server.
final class FlushGathering: ChannelOutboundHandler {
    typealias OutboundIn = ByteBuffer

    private var isDue = false

    func flush(context: ChannelHandlerContext) {
        guard !isDue else { return }
        isDue = true
        context.eventLoop.assumeIsolated().execute {
            guard self.isDue else { return }
            self.isDue = false
            context.flush()
        }
    }

    /// What was flushed goes out before the end.
    func close(context: ChannelHandlerContext, mode: CloseMode, promise: EventLoopPromise<Void>?) {
        if isDue {
            isDue = false
            context.flush()
        }
        context.close(mode: mode, promise: promise)
    }
}
