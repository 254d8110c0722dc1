import Hummingbird
package import Logging
import LookoutVision
import NIOCore
import ServiceLifecycle
import Telemetry

/// The dataset API, served over HTTP from one SQLite database.
///
/// An update that was answered with 202 is applied by this process or by the next one that opens the database.
package struct DatasetServer: Service {
    /// How to serve.
    package struct Configuration: Sendable {
        /// The address to listen on; loopback unless told otherwise, as nobody is asked who they are.
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

    /// The database behind the API; open from `init` until ``run()`` returns.
    package let store: DatasetStore

    private static let sweepInterval = Duration.seconds(600)

    private let configuration: Configuration
    private let observability: Observability
    private let jobs: JobRunner
    private let logger: Logger
    private let onServerRunning: @Sendable (Int) async -> Void

    /// Opens the database.
    ///
    /// - Parameters:
    ///   - configuration: How to serve.
    ///   - logger: Takes one line per start, refused update and internal error; never a payload.
    ///   - onServerRunning: Called with the bound port once requests are answered.
    /// - Throws: `DatabaseError` where the database cannot be opened.
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
        gate: @escaping JobRunner.Gate, onServerRunning: @escaping @Sendable (Int) async -> Void
    ) throws {
        self.configuration = configuration
        self.logger = logger
        self.onServerRunning = onServerRunning
        store = try DatasetStore(path: configuration.databasePath, quotas: configuration.quotas, now: now)
        observability = Observability(
            store: store, databasePath: configuration.databasePath, exposition: PrometheusMetrics(logger: logger),
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
        do {
            try await serve()
        } catch {
            try? store.close()
            throw error
        }
        try store.close()
    }

    private func serve() async throws {
        let application = application
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
        let router = Router(context: BasicRequestContext.self)
        router.add(middleware: RequestMetricsMiddleware(metrics: observability.metrics))
        router.add(middleware: FaultMiddleware())
        let projects = router.group(RouterPath(Operation.basePath))
        ProjectController(store: store).addRoutes(to: projects)
        DatasetController(store: store, jobs: jobs).addRoutes(to: projects)
        EntryController(
            store: store, jobs: jobs, metrics: observability.metrics, bodyLimitBytes: configuration.bodyLimitBytes
        )
        .addRoutes(to: projects)
        observability.addProbes(to: router)
        addPages(to: router)
        // A service group stops in reverse order: first the server, which may still accept jobs, then who does them.
        return Application(
            router: router,
            configuration: ApplicationConfiguration(
                address: .hostname(configuration.host, port: configuration.port), serverName: nil),
            services: [jobs, TokenSweeper(store: store, interval: Self.sweepInterval, logger: logger)],
            onServerRunning: { [logger, onServerRunning] channel in
                let port = channel.localAddress?.port ?? 0
                logger.info("Dataset API is serving", metadata: ["port": "\(port)"])
                await onServerRunning(port)
            },
            logger: logger)
    }

    /// The pages and metrics show what is stored and ask nobody who they are, so they are for people on this machine.
    private func addPages(to router: Router<BasicRequestContext>) {
        guard Loopback.isLoopback(host: configuration.host) else { return }
        let pages = router.group().add(middleware: LoopbackOnlyMiddleware())
        observability.exposition.addRoute(to: pages)
        PageController(store: store).addRoutes(to: pages)
    }
}
