import Hummingbird

/// What goes along with a request through middleware and controllers.
struct APIContext: CallerContext {
    var coreContext: CoreRequestContextStorage
    var caller = Caller.nobody
    let isLocal: Bool

    init(source: ApplicationRequestContextSource) {
        coreContext = CoreRequestContextStorage(source: source)
        isLocal = source.channel.remoteAddress?.isLoopback ?? false
    }
}
