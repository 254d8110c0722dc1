import HTTPTypes
import Hummingbird
import LookoutVision

/// An answer that is not a success, in the one shape clients read: the name in `x-amzn-ErrorType` and in the body's
/// `__type`, the text in `Message`.
struct ServiceFault: Error {
    var status: HTTPResponse.Status
    /// What travels as the exception's name.
    var type: String
    var body: APIException.Body
    var retryAfterSeconds: Int?
    var allow: String?
    /// Whether the answer asks a browser for a name and a password.
    var asksForPassword = false

    /// An exception of the model with the status the model gives it.
    init(_ exception: APIException) {
        status = HTTPResponse.Status(code: exception.kind.httpStatus)
        type = exception.kind.rawValue
        body = APIException.Body(exception)
        retryAfterSeconds = exception.retryAfterSeconds
    }

    /// No operation has this path. Not a ResourceNotFoundException: a client that creates what it misses would try to
    /// create a dataset for a mistyped endpoint. AWS's front ends answer with the same name.
    static let unknownPath: ServiceFault = {
        var fault = ServiceFault(APIException(.validation, "No operation of this API has this path."))
        fault.status = .notFound
        fault.type = "UnknownOperationException"
        fault.body.type = fault.type
        return fault
    }()

    /// Operations have this path, but with other methods.
    static func methodNotAllowed(_ allowed: [String]) -> ServiceFault {
        let methods = allowed.joined(separator: ", ")
        var fault = ServiceFault(APIException(.validation, "This path takes only the methods \(methods)."))
        fault.status = .methodNotAllowed
        fault.allow = methods
        return fault
    }

    /// The body is larger than any that the operation takes. What is left of it is not read.
    static func tooLarge(limit: Int) -> ServiceFault {
        ServiceFault(APIException(.validation, "The body is larger than \(limit) bytes."))
    }

    /// The request did not arrive whole, or not in time. Not a ValidationException: nothing was wrong with what it said.
    static let interrupted: ServiceFault = {
        var fault = ServiceFault(APIException(.validation, "The request did not arrive whole in time; send it again."))
        fault.status = .requestTimeout
        fault.type = "RequestTimeoutException"
        fault.body.type = fault.type
        return fault
    }()

    /// Whoever asked may not.
    static func denied(_ message: String) -> ServiceFault { ServiceFault(APIException(.accessDenied, message)) }

    /// The service is not known by the name that it is called by, or a page from elsewhere calls it.
    static let misdirected: ServiceFault = {
        var fault = denied(
            "This service asks nobody for a key, so it answers only to localhost and loopback addresses, and not to pages "
                + "of other sites.")
        fault.status = .misdirectedRequest
        return fault
    }()

    /// The page wants to know who asks.
    static let unauthorized: ServiceFault = {
        var fault = denied("Give the name of an access key, and its secret as the password.")
        fault.status = .unauthorized
        fault.asksForPassword = true
        return fault
    }()

    /// Something of ours went wrong; what it was is for the log, not for the caller.
    static let internalError = ServiceFault(
        APIException(.internalServer, "The service failed to do this; try again.", retryAfterSeconds: 1))

    /// The answer as it travels.
    func response() throws -> Response {
        var response = try Response.json(body, status: status)
        response.headers[.errorType] = type
        response.headers[.retryAfter] = retryAfterSeconds.map(String.init)
        response.headers[.allow] = allow
        if asksForPassword { response.headers[.wwwAuthenticate] = #"Basic realm="linefeed", charset="UTF-8""# }
        return response
    }
}
