import Hummingbird
package import Logging
import LookoutVision
import NIOCore
import ServiceLifecycle
package import Telemetry

/// The dataset API, served over HTTP from one SQLite database.
///
/// An update that was answered with 202 is applied by this process or by the next one that opens the database.
package struct DatasetServer: Service {
    /// How to serve.
    package struct Configuration: Sendable {
        /// The address to listen on.
        package var host: String
        /// 0 takes any free port, reported when the server runs.
        package var port: Int
        /// The database's file; created where there is none. SQLite keeps two more beside it, `-wal` and `-shm`.
        package var databasePath: String
        /// The folder in which manifests are looked up as `BUCKET/KEY`; nil where datasets are only created empty.
        package var manifestsPath: String?
        /// How much is held at most.
        package var quotas: Quotas
        /// Time that an accepted update waits before it is applied, to try out what slow updates do to a client.
        package var applyDelay: Duration
        /// The largest body in bytes; by default room for the largest payload the API takes, in base64, and a bit.
        package var bodyLimitBytes: Int
        /// How long a stop waits for requests in hand; past it their connections are closed. A client whose request was
        /// cut off finds out under its token what became of it.
        package var drainLimit: Duration
        /// Who may use it; closed to other machines unless told otherwise.
        package var access = AccessPolicy.openOnLoopback
        /// The one region that signatures may be for; any, where there is none.
        package var region: String?
        /// None unless told otherwise.
        package var rateLimits = RateLimits.Configuration()
        /// What clients may take.
        package var connectionLimits = ConnectionLimits()
        /// Plain HTTP where there are none.
        package var tls: TLSFiles?
        /// Where to tell others than clients how the service is; asks nobody who they are. `/metrics` is there and no
        /// longer beside the API.
        package var telemetry: TelemetryAddress?

        package init(
            host: String = "127.0.0.1", port: Int = 0, databasePath: String, manifestsPath: String? = nil,
            quotas: Quotas = Quotas(), applyDelay: Duration = .zero, bodyLimitBytes: Int = 16 * 1024 * 1024,
            drainLimit: Duration = .seconds(3)
        ) {
            self.host = host
            self.port = port
            self.databasePath = databasePath
            self.manifestsPath = manifestsPath
            self.quotas = quotas
            self.applyDelay = applyDelay
            self.bodyLimitBytes = bodyLimitBytes
            self.drainLimit = drainLimit
        }
    }

    /// The database behind the API; open, and nobody else's to serve, from `init` until ``run()`` returns.
    package let store: DatasetStore
    private let lock: DatabaseLock

    private static let sweepInterval = Duration.seconds(600)

    private let configuration: Configuration
    private let observability: Observability
    private let jobs: JobRunner
    private let access: AccessMiddleware<APIContext>
    private let transport: Transport
    private let reloader: Reloader?
    private let logger: Logger
    private let onServerRunning: @Sendable (Int) async -> Void
    private let onTelemetryRunning: @Sendable (Int) async -> Void

    /// Opens the database.
    ///
    /// - Parameters:
    ///   - configuration: How to serve.
    ///   - logger: Takes one line per start, refused update and internal error; never a payload.
    ///   - onServerRunning: Called with the bound port once requests are answered.
    /// - Throws: ``AccessError`` where the service would be open to others, or keys or certificate cannot be read;
    ///   ``DatabaseLock/Failure`` where another process serves the database; `DatabaseError` where it cannot be opened.
    package init(
        configuration: Configuration, logger: Logger,
        onServerRunning: @escaping @Sendable (_ port: Int) async -> Void = { _ in }
    ) throws {
        let delay = configuration.applyDelay
        try self.init(
            configuration: configuration, logger: logger, now: Timestamp.now,
            gate: { _ in if delay > .zero { try await Task.sleep(for: delay) } },
            onServerRunning: onServerRunning)
    }

    /// As above, with the clock and the gate before each update in the caller's hand.
    init(
        configuration: Configuration, logger: Logger, now: @escaping @Sendable () -> Timestamp,
        gate: @escaping JobRunner.Gate, onServerRunning: @escaping @Sendable (Int) async -> Void,
        onTelemetryRunning: @escaping @Sendable (Int) async -> Void = { _ in }
    ) throws {
        self.configuration = configuration
        self.logger = logger
        self.onServerRunning = onServerRunning
        self.onTelemetryRunning = onTelemetryRunning
        let keys = try configuration.keyRing()
        let certificate = try configuration.tls.map { files throws(AccessError) in try ServerCertificate(files) }
        access = AccessMiddleware(
            isLocal: configuration.access == .openOnLoopback,
            signatures: keys.map { SignatureCheck(keys: $0, region: configuration.region, now: now) },
            page: keys.map { PageAccess(keys: $0, isTLS: certificate != nil, failures: FailedAttempts(now: now)) },
            rateLimits: RateLimits(configuration.rateLimits, now: now),
            bodies: BodyBudget(bytes: configuration.connectionLimits.bodyBytes),
            updateBodyBytes: configuration.bodyLimitBytes)
        transport = Transport(limits: configuration.connectionLimits, certificate: certificate)
        reloader =
            keys == nil && certificate == nil ? nil : Reloader(keys: keys, certificate: certificate, logger: logger)
        lock = try DatabaseLock(database: configuration.databasePath)
        store = try DatasetStore(path: configuration.databasePath, quotas: configuration.quotas, now: now)
        observability = Observability(
            store: store, databasePath: configuration.databasePath,
            access: .init(keys: keys != nil, tls: certificate != nil), exposition: PrometheusMetrics(logger: logger),
            logger: logger)
        jobs = JobRunner(
            store: store, manifests: configuration.manifestsPath.map(ManifestFolder.init(path:)),
            metrics: observability.metrics, gate: gate, logger: logger)
    }

    /// Serves until graceful shutdown or cancellation, and closes the database.
    ///
    /// On graceful shutdown it stops accepting, answers the requests in hand, ends the transaction in hand, and leaves
    /// the rest of the accepted updates for the next start. That is bounded by the drain limit: past it everything is
    /// cancelled, and the transaction in hand is rolled back and left for the next start too.
    /// - Throws: where the address cannot be bound, or what the server or the database threw.
    package func run() async throws {
        defer { lock.release() }
        do {
            try await serve()
        } catch {
            try? store.close()
            throw error
        }
        try store.close()
    }

    private func serve() async throws {
        let application = try application
        try await withThrowingTaskGroup(of: Bool.self) { group in
            group.addTask {
                try await application.run()
                return true
            }
            group.addTask { [drainLimit = configuration.drainLimit] in
                try await gracefulShutdown()
                try await Task.sleep(for: drainLimit)
                return false
            }
            let ended = try await group.next() ?? true
            group.cancelAll()
            if !ended { logger.notice("Closing connections that did not end in time") }
        }
    }

    private var application: some ApplicationProtocol {
        get throws {
            let router = Router(context: APIContext.self)
            // All go before every route that is added after them, whatever it is.
            router.add(middleware: RequestMetricsMiddleware(metrics: observability.metrics))
            router.add(middleware: FaultMiddleware())
            router.add(middleware: access)
            let projects = router.group(RouterPath(Operation.basePath))
            ProjectController(store: store).addRoutes(to: projects)
            DatasetController(store: store, jobs: jobs).addRoutes(to: projects)
            EntryController(
                store: store, jobs: jobs, metrics: observability.metrics, bodyLimitBytes: configuration.bodyLimitBytes
            )
            .addRoutes(to: projects)
            observability.addProbes(to: router)
            if configuration.telemetry == nil { observability.exposition.addRoute(to: router) }
            PageController(store: store).addRoutes(to: router)
            // A service group stops in reverse order: first the server, which may still accept jobs, then who does
            // them, and last who tells of it.
            var services: [any Service] = []
            if let telemetry { services.append(telemetry) }
            services += [jobs, TokenSweeper(store: store, interval: Self.sweepInterval, logger: logger)]
            if let reloader { services.append(reloader) }
            return Application(
                router: router,
                server: try transport.builder,
                configuration: ApplicationConfiguration(
                    address: .hostname(configuration.host, port: configuration.port), serverName: nil,
                    availableConnectionsDelegate: transport.admission),
                services: services,
                onServerRunning: { [logger, onServerRunning] channel in
                    let port = channel.localAddress?.port ?? 0
                    logger.info("Dataset API is serving", metadata: ["port": "\(port)"])
                    await onServerRunning(port)
                },
                logger: logger)
        }
    }

    /// How the service is, where that has an address of its own.
    private var telemetry: TelemetryServer<ServiceStatus>? {
        configuration.telemetry.map { [observability] address in
            TelemetryServer(
                address: address, metrics: observability.exposition, readiness: { await observability.obstacles() },
                status: { await observability.status() }, logger: logger, onServerRunning: onTelemetryRunning)
        }
    }

}

extension DatasetServer.Configuration {
    /// The keys, where there are to be any.
    fileprivate func keyRing() throws(AccessError) -> KeyRing? {
        switch access {
        case .keys(let path): return try KeyRing(path: path)
        case .openToAll: return nil
        case .openOnLoopback:
            guard Loopback.isLoopback(host: host) else { throw .openToOthers(host: host) }
            return nil
        }
    }
}
