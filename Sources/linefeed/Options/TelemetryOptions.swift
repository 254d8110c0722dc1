internal import ArgumentParser
internal import Logging
internal import Telemetry
internal import Worker

/// What a worker or the service says of itself over HTTP.
struct TelemetryOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Serve /metrics, /healthz, /readyz, /status and, for a worker, a page on this port; 0 takes any that is free. "
                + "Off where it is not given.", valueName: "port"))
    var telemetryPort: Int?

    @Option(
        help: ArgumentHelp(
            "The address to serve them on. Whoever reaches it may read the names of projects and datasets.",
            valueName: "address"))
    var telemetryHost = "127.0.0.1"

    func validate() throws {
        guard (0...65535).contains(telemetryPort ?? 0) else {
            throw ValidationError("--telemetry-port takes 0 to 65535.")
        }
        guard !telemetryHost.isEmpty else { throw ValidationError("--telemetry-host is empty.") }
    }

    /// nil where it is off.
    var address: TelemetryAddress? {
        telemetryPort.map { TelemetryAddress(host: telemetryHost, port: $0) }
    }

    /// nil where it is off.
    func makeServer(
        of worker: Worker, metrics: PrometheusMetrics, logger: Logger
    ) -> TelemetryServer<WorkerStatus>? {
        address.map { address in
            TelemetryServer(
                address: address, page: .worker, metrics: metrics,
                readiness: { worker.status.readiness.obstacles.map { "\($0.reason.rawValue): \($0.detail)" } },
                status: { worker.status }, logger: logger)
        }
    }
}
