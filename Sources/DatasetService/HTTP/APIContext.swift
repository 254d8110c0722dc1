import Hummingbird
import NIOCore

/// What goes along with a request through middleware and controllers.
struct APIContext: CallerContext {
    var coreContext: CoreRequestContextStorage
    var caller = Caller.nobody
    let remoteAddress: SocketAddress?

    init(source: ApplicationRequestContextSource) {
        coreContext = CoreRequestContextStorage(source: source)
        remoteAddress = source.channel.remoteAddress
    }
}
