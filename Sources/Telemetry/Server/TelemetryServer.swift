internal import FoundationEssentials
internal import Hummingbird
package import Logging
internal import NIOCore
internal import ServiceLifecycle

/// What a process says of itself over HTTP: `/metrics`, `/healthz`, `/readyz`, `/status` as JSON, and where there is one
/// a page at `/`.
///
/// Nobody is asked who they are. On loopback it answers only to names of this machine; elsewhere to whoever reaches it,
/// which is for the network to restrict. It tells names of topics, projects and datasets, never an event or a secret.
///
/// A worker's page reads `/status` every two seconds and shows these keys, any of which may be missing (sizes are in
/// bytes, offsets as Kafka counts them):
///
///     {"group": "…", "topic": "…", "membership": {"state": "member", "instance": "…"},
///      "readiness": {"obstacles": [{"reason": "…", "detail": "…"}]},
///      "partitions": [{"partition": 0, "watermark": 0, "position": 0, "lag": 0, "ledgerBytes": 0, "ledgerLimit": 0,
///                      "isPaused": false, "lanesInFlight": 0, "lanesWaiting": 0, "oldestUnsettledSeconds": 0.5,
///                      "stalledSeconds": 0.5, "holdup": "…",
///                      "lanes": [{"dataset": "boards/train", "state": "waiting", "reason": "…", "detail": "…",
///                                 "failures": 0, "seconds": 0.5}]}],
///      "memory": {"heldBytes": 0, "budgetBytes": 0}, "totals": {"eventsSettled": 0, "deadLetters": 0}}
///
/// The rate is the page's own: the growth of `eventsSettled` from one reading to the next.
package struct TelemetryServer<Status: Encodable & Sendable>: Service {
    private let address: TelemetryAddress
    private let page: StatusPage?
    private let metrics: PrometheusMetrics
    private let readiness: ProbeRoutes<BasicRequestContext>.Readiness
    private let status: @Sendable () async -> Status
    private let logger: Logger
    private let onServerRunning: @Sendable (Int) async -> Void

    /// - Parameters:
    ///   - address: Where to listen.
    ///   - page: What `/` shows; nothing is there without.
    ///   - metrics: What `/metrics` exposes.
    ///   - readiness: Why the process cannot do its work just now; empty where it can. Asked at every probe.
    ///   - status: The value behind `/status`. Asked at every request; must not wait for the work it describes.
    ///   - logger: Told when the server runs and when a request fails.
    ///   - onServerRunning: Called with the bound port once requests are answered.
    package init(
        address: TelemetryAddress, page: StatusPage? = nil, metrics: PrometheusMetrics,
        readiness: @escaping @Sendable () async -> [String], status: @escaping @Sendable () async -> Status,
        logger: Logger, onServerRunning: @escaping @Sendable (_ port: Int) async -> Void = { _ in }
    ) {
        self.address = address
        self.page = page
        self.metrics = metrics
        self.readiness = readiness
        self.status = status
        self.logger = logger
        self.onServerRunning = onServerRunning
    }

    /// Serves until graceful shutdown or cancellation.
    ///
    /// - Throws: ``TelemetryFailure`` where the address cannot be bound.
    package func run() async throws {
        let router = Router(context: BasicRequestContext.self)
        // Probes come under any name: an orchestrator asks by address.
        ProbeRoutes(readiness: readiness).addRoutes(to: router)
        let routes = router.group()
        if Loopback.isLoopback(host: address.host) { routes.add(middleware: LoopbackOnlyMiddleware()) }
        metrics.addRoute(to: routes)
        page?.addRoutes(to: routes)
        routes.get("status") { [status, logger] _, _ in
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
            // JSON has no infinity; a page that is told nothing shows a dash.
            encoder.nonConformingFloatEncodingStrategy = .convertToString(
                positiveInfinity: "+Inf", negativeInfinity: "-Inf", nan: "NaN")
            do {
                let json = try encoder.encode(await status())
                return Response.plain(
                    String(decoding: json, as: UTF8.self), contentType: "application/json")
            } catch {
                logger.error("The status cannot be encoded", metadata: ["error": "\(error)"])
                return Response.plain("The status cannot be encoded.\n", status: .internalServerError)
            }
        }
        let application = Application(
            router: router,
            configuration: ApplicationConfiguration(
                address: .hostname(address.host, port: address.port), serverName: nil),
            onServerRunning: { [logger, onServerRunning] channel in
                let port = channel.localAddress?.port ?? 0
                logger.info("Telemetry is served", metadata: ["port": "\(port)"])
                await onServerRunning(port)
            },
            logger: logger)
        do {
            try await application.run()
        } catch let error as CancellationError {
            throw error
        } catch {
            throw TelemetryFailure(address: address, underlying: error)
        }
    }
}
