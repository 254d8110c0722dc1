/// Where a process serves what it says of itself.
package struct TelemetryAddress: Sendable, Hashable {
    package var host: String
    /// 0 takes any free port, reported when the server runs.
    package var port: Int

    package init(host: String = "127.0.0.1", port: Int) {
        self.host = host
        self.port = port
    }
}

/// Why telemetry is not served, or no longer.
package struct TelemetryFailure: Error, CustomStringConvertible {
    package let address: TelemetryAddress
    package let underlying: any Error

    package var description: String {
        let host = address.host.contains(":") ? "[\(address.host)]" : address.host
        return "telemetry on \(host):\(address.port) has failed: \(underlying)"
    }
}
