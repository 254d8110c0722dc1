import HTTPTypes
import Hummingbird
import Telemetry

/// Where nobody is asked who they are, the service is for programs and people on its machine, and not for the sites that
/// a browser there has open.
///
/// A site whose name resolves to 127.0.0.1 would be let in by the address ("DNS rebinding"), but its requests carry its
/// name; and what a page of a site sends elsewhere carries the site's origin. Only names of this machine are answered, on
/// any port.
enum LocalNames {
    static func check(_ request: Request) throws(ServiceFault) {
        guard Loopback.isLoopback(authority: request.head.authority) else { throw .misdirected }
        // Source: RFC 6454, section 7; `null` is the origin of who has none to show.
        guard let origin = request.headers[.origin] else { return }
        guard let scheme = origin.firstRange(of: "://"),
            Loopback.isLoopback(authority: String(origin[scheme.upperBound...]))
        else { throw .misdirected }
    }
}
