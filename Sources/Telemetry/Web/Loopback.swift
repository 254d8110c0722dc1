internal import HTTPTypes
package import Hummingbird
internal import NIOCore

/// For what only people on this machine may see because nobody is asked who they are.
///
/// A listener on loopback keeps other machines out, but not the pages that a browser on this one has open: a site whose
/// name resolves to 127.0.0.1 could read everything as its own ("DNS rebinding"). Such a request still carries the site's
/// name, so only requests for a name of this machine are answered.
package enum Loopback {
    /// Whether a host of an address to listen on is this machine alone: `localhost`, `127.0.0.0/8` or `::1`.
    package static func isLoopback(host: String) -> Bool {
        let host = host.lowercased()
        if host == "localhost" || host.hasSuffix(".localhost") { return true }
        guard let address = (try? SocketAddress(ipAddress: host, port: 0))?.ipAddress else { return false }
        return address.hasPrefix("127.") || address == "::1"
    }

    /// Whether a request's `Host` names this machine.
    package static func isLoopback(authority: String?) -> Bool {
        guard let authority else { return false }
        if authority.hasPrefix("[") {
            return isLoopback(host: String(authority.dropFirst().prefix { $0 != "]" }))
        }
        return isLoopback(host: String(authority.prefix { $0 != ":" }))
    }
}

/// Answers 421 to requests for other names than this machine's.
package struct LoopbackOnlyMiddleware<Context: RequestContext>: RouterMiddleware {
    package init() {}

    package func handle(
        _ request: Request, context: Context, next: @concurrent (Request, Context) async throws -> Response
    ) async throws -> Response {
        guard Loopback.isLoopback(authority: request.head.authority) else {
            return Response(
                status: .misdirectedRequest, headers: [.contentType: "text/plain; charset=utf-8"],
                body: ResponseBody(byteBuffer: ByteBuffer(string: "This address answers to localhost only.\n")))
        }
        return try await next(request, context)
    }
}
