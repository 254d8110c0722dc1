import HTTPTypes
import Hummingbird
import LookoutVision
import SigV4

/// Asks who calls before anything else happens. A route that is not known here is closed.
///
/// Operations of the API want a signature (or, where there are no keys, nothing), have their body read whole, and are
/// counted against the rate limits. Everything else is for people and their tools: see ``PageAccess``.
struct AccessMiddleware<Context: CallerContext>: RouterMiddleware {
    /// Whether only names of this machine are answered.
    let isLocal: Bool
    /// nil where anybody may do everything.
    let signatures: SignatureCheck?
    let page: PageAccess?
    let rateLimits: RateLimits
    let bodies: BodyBudget
    let updateBodyBytes: Int

    func handle(
        _ request: Request, context: Context, next: @concurrent (Request, Context) async throws -> Response
    ) async throws -> Response {
        // The router has matched by now; where it has not, there is nothing to protect.
        guard let endpoint = context.endpointPath else { return try await next(request, context) }
        // An orchestrator asks by address.
        if isLocal, !PageAccess.openEndpoints.contains(endpoint) { try LocalNames.check(request) }
        var context = context
        guard let operation = Operation(method: request.method.rawValue, endpoint: endpoint) else {
            context.caller = try page?.caller(of: request, endpoint: endpoint, from: context.remoteAddress) ?? .anyone
            return try await next(request, context)
        }
        var request = request
        let claim: SignatureClaim?
        do {
            claim = try signatures?.claim(of: request, for: operation, in: context)
        } catch {
            // A short body is taken in all the same, so that the connection goes on to be of use. What is wrong with it,
            // if anything, matters less than the refusal.
            if request.hasSmallBody { _ = try? await request.readBody(upTo: Request.smallBodyBytes) }
            throw error
        }

        let limit = operation == .updateDatasetEntries ? updateBodyBytes : Request.smallBodyBytes
        let reservation = try bodies.reserve(request, limit: limit)
        defer { reservation.release() }
        let body = try await request.readBody(upTo: limit)

        context.caller = try signatures?.caller(claim, request, body, for: operation, in: context) ?? .anyone
        try rateLimits.count(operation, of: context.caller.accountID)
        return try await next(request, context)
    }
}

extension LookoutVision.Operation {
    /// The operation that the router has found.
    init?(method: String, endpoint: String) {
        guard let found = Self.allCases.first(where: { $0.method == method && $0.pathTemplate == endpoint }) else {
            return nil
        }
        self = found
    }
}
