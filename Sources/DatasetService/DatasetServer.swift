import Hummingbird
package import Logging
import LookoutVision
import NIOCore
import ServiceLifecycle

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
        /// Time that an accepted update waits before it is applied, to try out what slow updates do to a client.
        package var applyDelay: Duration
        /// The largest body in bytes; by default room for the largest payload the API takes, in base64, and a bit.
        package var bodyLimitBytes: Int

        package init(
            host: String = "127.0.0.1", port: Int = 0, databasePath: String, applyDelay: Duration = .zero,
            bodyLimitBytes: Int = 16 * 1024 * 1024
        ) {
            self.host = host
            self.port = port
            self.databasePath = databasePath
            self.applyDelay = applyDelay
            self.bodyLimitBytes = bodyLimitBytes
        }
    }

    /// The database behind the API; open from `init` until ``run()`` returns.
    package let store: DatasetStore

    private let configuration: Configuration
    private let applier: UpdateApplier
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
        gate: @escaping UpdateApplier.Gate, onServerRunning: @escaping @Sendable (Int) async -> Void
    ) throws {
        self.configuration = configuration
        self.logger = logger
        self.onServerRunning = onServerRunning
        store = try DatasetStore(path: configuration.databasePath, now: now)
        applier = UpdateApplier(store: store, gate: gate, logger: logger)
    }

    /// Serves until graceful shutdown or cancellation, and closes the database.
    ///
    /// On graceful shutdown it stops accepting, answers the requests in hand, ends the transaction in hand, and leaves
    /// the rest of the accepted updates for the next start.
    /// - Throws: where the address cannot be bound, or what the server or the database threw.
    package func run() async throws {
        do {
            try await application.run()
        } catch {
            try? store.close()
            throw error
        }
        try store.close()
    }

    private var application: some ApplicationProtocol {
        let router = Router(context: BasicRequestContext.self)
        router.add(middleware: FaultMiddleware())
        let projects = router.group(RouterPath(Operation.basePath))
        ProjectController(store: store).addRoutes(to: projects)
        DatasetController(store: store).addRoutes(to: projects)
        EntryController(store: store, applier: applier, bodyLimitBytes: configuration.bodyLimitBytes)
            .addRoutes(to: projects)
        // A service group stops in reverse order: first the server, which may still accept updates, then the applier.
        return Application(
            router: router,
            configuration: ApplicationConfiguration(
                address: .hostname(configuration.host, port: configuration.port), serverName: nil),
            services: [applier],
            onServerRunning: { [logger, onServerRunning] channel in
                let port = channel.localAddress?.port ?? 0
                logger.info("Dataset API is serving", metadata: ["port": "\(port)"])
                await onServerRunning(port)
            },
            logger: logger)
    }
}
