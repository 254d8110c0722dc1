import CoreMetrics
import HTTPTypes
import Hummingbird
import LookoutVision

/// Counts and times what is answered. Stands first, so that it sees every answer as it leaves.
struct RequestMetricsMiddleware<Context: RequestContext>: RouterMiddleware {
    let metrics: ServiceMetrics

    func handle(
        _ request: Request, context: Context, next: @concurrent (Request, Context) async throws -> Response
    ) async throws -> Response {
        metrics.inFlight.increment()
        defer { metrics.inFlight.decrement() }
        let start = ContinuousClock.now
        let response = try await next(request, context)
        metrics.answered(
            RequestName.of(request.method, context.endpointPath), status: response.status.code,
            duration: .now - start)
        return response
    }
}

/// What requests are counted as.
enum RequestName {
    /// The operation's name; of what is no operation, the first part of the route. Both come from fixed lists, whatever
    /// the request says.
    static func of(_ method: HTTPRequest.Method, _ route: String?) -> String {
        guard let route, route != "NotFound" else { return "none" }
        if let operation = Operation(method: method.rawValue, endpoint: route) { return operation.rawValue }
        let first = route.split(separator: "/").first.map(String.init) ?? "page"
        return ["healthz", "readyz", "metrics", "assets"].contains(first) ? first : "page"
    }
}
