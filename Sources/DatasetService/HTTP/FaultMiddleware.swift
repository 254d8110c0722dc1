import FoundationEssentials
import HTTPTypes
import Hummingbird
import Logging
import LookoutVision

/// Gives every answer its request ID and turns every error into one of the API's.
struct FaultMiddleware<Context: RequestContext>: RouterMiddleware {
    func handle(
        _ request: Request, context: Context, next: @concurrent (Request, Context) async throws -> Response
    ) async throws -> Response {
        let requestID = UUID().uuidString.lowercased()
        var response: Response
        do {
            response = try await next(request, context)
        } catch let error as BodyInterrupted where error.isMalformed {
            // The server answers this one itself: what follows on the connection means nothing any more.
            throw error.underlying
        } catch {
            response = try fault(for: error, request, context, requestID).response()
        }
        response.headers[.requestID] = requestID
        return response
    }

    private func fault(
        for error: any Error, _ request: Request, _ context: Context, _ requestID: String
    ) -> ServiceFault {
        switch error {
        case let fault as ServiceFault: return fault
        case let exception as APIException: return ServiceFault(exception)
        case let error as HTTPError where error.status == .notFound: return noRoute(request.uri.path)
        case let error as BodyInterrupted where error.isIncomplete: return .interrupted
        case is BodyInterrupted, is CancellationError:
            context.logger.debug("Request interrupted", metadata: ["request": "\(requestID)", "error": "\(error)"])
            return .internalError
        default:
            context.logger.error(
                "Request failed",
                metadata: ["request": "\(requestID)", "path": "\(request.uri.path)", "error": "\(error)"])
            return .internalError
        }
    }

    /// The router only says that nothing matched; whether another method would have, the operations know.
    private func noRoute(_ path: String) -> ServiceFault {
        let segments = path.split(separator: "/")
        let methods = Operation.allCases
            .filter { operation in
                let template = operation.pathTemplate.split(separator: "/")
                return template.count == segments.count
                    && zip(template, segments).allSatisfy { $0.hasPrefix("{") || $0 == $1 }
            }
            .map(\.method)
        return methods.isEmpty ? .unknownPath : .methodNotAllowed(methods)
    }
}
