import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL

/// The connections of one event loop to one endpoint: as many as there are exchanges at a time, kept for a while for those
/// that follow.
///
/// All but its creation, `run` and `shutdown` belongs to the event loop.
final class ConnectionPool: @unchecked Sendable {
    let endpoint: Endpoint
    let connectTimeout: Duration
    let eventLoop: any EventLoop
    /// nil: no TLS.
    private let tls: Result<NIOSSLContext, any Error>?
    private var open: [Connection] = []
    /// Those that are open and have nothing to do, the latest last.
    private var idle: [Connection] = []
    private var connecting: [ObjectIdentifier: HTTPExchange] = [:]
    private var sweep: Scheduled<Void>?
    private var isShutDown = false

    private let longestRest: TimeAmount

    /// Opens no connection yet.
    ///
    /// - Parameters:
    ///   - endpoint: where all connections lead.
    ///   - tls: of an endpoint that speaks it.
    ///   - connectTimeout: until a connection, with TLS where that is spoken, is there.
    ///   - longestRest: for how long one is kept that has nothing to do. Shorter than what servers grant, or a request
    ///     meets one that is being closed.
    ///   - eventLoop: of all connections.
    init(
        endpoint: Endpoint, tls: Result<NIOSSLContext, any Error>?, connectTimeout: Duration,
        longestRest: TimeAmount = .seconds(20), on eventLoop: any EventLoop
    ) {
        self.endpoint = endpoint
        self.tls = tls
        self.connectTimeout = connectTimeout
        self.longestRest = longestRest
        self.eventLoop = eventLoop
    }

    /// Runs it on the event loop, at once where the caller does.
    func run(_ task: @escaping @Sendable () -> Void) {
        if eventLoop.inEventLoop { task() } else { eventLoop.execute(task) }
    }

    /// Ends exchanges with an error, those that come later too, and closes all connections.
    func shutdown() async {
        // (Its futures have no errors.)
        try? await eventLoop.flatSubmit { self.close() }.get()
    }

    private func close() -> EventLoopFuture<Void> {
        isShutDown = true
        sweep?.cancel()
        for exchange in connecting.values { exchange.end(.failure(Self.shutDown)) }
        let closed = open.compactMap(\.closed)
        for connection in open { connection.end(Self.shutDown) }
        return EventLoopFuture.andAllComplete(closed, on: eventLoop)
    }

    var openCount: Int { open.count }

    private static let shutDown = DatasetClientError.transport("the client was shut down")
}

extension ConnectionPool {
    /// By a connection that has nothing to do, or else by one of its own.
    func carry(_ exchange: HTTPExchange) {
        guard !isShutDown else { return exchange.end(.failure(Self.shutDown)) }
        while let connection = idle.popLast() {
            if connection.isOpen { return connection.carry(exchange) }
        }
        connect(for: exchange)
    }

    /// The connection has nothing to do.
    func rest(_ connection: Connection) {
        idle.append(connection)
        if sweep == nil { planSweep() }
    }

    /// The connection is closed.
    func forget(_ connection: Connection) {
        open.removeAll { $0 === connection }
        idle.removeAll { $0 === connection }
    }

    private func planSweep() {
        sweep = idle.first.map { longest in
            eventLoop.assumeIsolated().scheduleTask(deadline: longest.idleSince + longestRest) { self.sweepIdle() }
        }
    }

    private func sweepIdle() {
        let bound = NIODeadline.now() - longestRest
        let over = idle.prefix { $0.idleSince <= bound }
        idle.removeFirst(over.count)
        for connection in over { connection.close() }
        planSweep()
    }
}

extension ConnectionPool {
    private func connect(for exchange: HTTPExchange) {
        let context: NIOSSLContext?
        do {
            context = try tls?.get()
        } catch {
            return exchange.end(.failure(.transport("TLS cannot be spoken: \(error)")))
        }
        let connectTimeout = connectTimeout
        let timer = eventLoop.assumeIsolated().scheduleTask(in: TimeAmount(connectTimeout)) {
            exchange.end(.failure(.noConnection(within: connectTimeout)))
        }
        connecting[ObjectIdentifier(exchange)] = exchange
        let bootstrap = ClientBootstrap(group: eventLoop).connectTimeout(TimeAmount(connectTimeout))
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture { try self.prepare(channel, tls: context) }
            }
        let connected =
            if let address = endpoint.address {
                bootstrap.connect(to: address)
            } else {
                bootstrap.connect(host: endpoint.host, port: endpoint.port)
            }
        connected.assumeIsolated().whenComplete { result in
            self.connecting[ObjectIdentifier(exchange)] = nil
            do {
                let channel = try result.get()
                let connection = try channel.pipeline.syncOperations.handler(type: Connection.self)
                guard !exchange.isOver else {
                    timer.cancel()
                    return connection.close()
                }
                self.open.append(connection)
                connection.begin(exchange, timer: timer)
            } catch {
                timer.cancel()
                exchange.end(.failure(DatasetClientError(connection: error, within: connectTimeout)))
            }
        }
    }

    /// (Of the addresses of a name several may be tried at a time.)
    private func prepare(_ channel: any Channel, tls: NIOSSLContext?) throws {
        let pipeline = channel.pipeline.syncOperations
        if let tls {
            try pipeline.addHandler(
                NIOSSLClientHandler(context: tls, serverHostname: endpoint.address == nil ? endpoint.host : nil))
        }
        // `OutgoingRequest.head` says where the body ends, and `HTTPExchange.perform` has looked at all values.
        var encoding = HTTPRequestEncoder.Configuration()
        encoding.automaticallySetFramingHeaders = false
        try pipeline.addHTTPClientHandlers(enableOutboundHeaderValidation: false, encoderConfiguration: encoding)
        try pipeline.addHandler(Connection(pool: self, isSecured: tls == nil))
    }
}
