import Hummingbird
import HummingbirdCore
import HummingbirdTLS

/// What requests travel over: HTTP/1.1 within limits, in TLS where there is a certificate.
struct Transport: Sendable {
    let limits: ConnectionLimits
    let certificate: ServerCertificate?

    /// Where there are too many connections, the next ones wait until others end.
    var admission: any AvailableConnectionsDelegate { MaximumAvailableConnections(limits.connections) }

    var builder: HTTPServerBuilder {
        get throws {
            let http = HTTPServerBuilder.http1(
                configuration: .init(
                    additionalChannelHandlers: [ConnectionPaceHandler(limits: limits)],
                    httpDecoderConfiguration: .init(
                        maxHeaderFieldSize: limits.headerFieldBytes, maxHeaderListSize: limits.headerBytes,
                        maxHeaderFieldCount: limits.headerFields)))
            guard let certificate else { return http }
            return try .tls(http, tlsConfiguration: certificate.configuration())
        }
    }
}
