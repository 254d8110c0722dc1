internal import HTTPTypes
package import Hummingbird
internal import NIOCore

/// What an orchestrator asks: whether the process is alive, and whether it can do its work.
package struct ProbeRoutes<Context: RequestContext>: Sendable {
    /// Why the process cannot do its work just now, each a sentence for the person on call; empty where it can.
    package typealias Readiness = @Sendable () async -> [String]

    private let readiness: Readiness

    package init(readiness: @escaping Readiness) {
        self.readiness = readiness
    }

    /// `/healthz` is always 200: who answers is alive. `/readyz` is 200, or 503 with a reason a line.
    package func addRoutes(to routes: some RouterMethods<Context>) {
        routes.get("healthz") { _, _ in Response.plain("ok\n") }
        routes.get("readyz") { [readiness] _, _ in
            let reasons = await readiness()
            guard !reasons.isEmpty else { return Response.plain("ready\n") }
            return Response.plain(reasons.map { $0 + "\n" }.joined(), status: .serviceUnavailable)
        }
    }
}

extension PrometheusMetrics {
    /// `/metrics`, for Prometheus to scrape.
    package func addRoute<Context: RequestContext>(to routes: some RouterMethods<Context>) {
        routes.get("metrics") { _, _ in
            Response.plain(await self.exposition(), contentType: MetricFamily.contentType)
        }
    }
}

extension Response {
    /// Text that is never kept.
    static func plain(
        _ text: String, status: HTTPResponse.Status = .ok, contentType: String = "text/plain; charset=utf-8"
    ) -> Response {
        var headers = WebPage.securityHeaders
        headers[.contentType] = contentType
        headers[.cacheControl] = "no-store"
        return Response(status: status, headers: headers, body: ResponseBody(byteBuffer: ByteBuffer(string: text)))
    }
}
