import FoundationEssentials
import HTTPTypes
import Hummingbird
import LookoutVision
import NIOCore

/// An answer that is not a success, in the one shape clients read: the name in `x-amzn-ErrorType` and in the body's
/// `__type`, the text in `Message`.
struct ServiceFault: Error {
    var status: HTTPResponse.Status
    /// What travels as the exception's name.
    var type: String
    var body: APIException.Body
    var retryAfterSeconds: Int?
    var allow: String?

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

    /// Something of ours went wrong; what it was is for the log, not for the caller.
    static let internalError = ServiceFault(
        APIException(.internalServer, "The service failed to do this; try again.", retryAfterSeconds: 1))

    /// The answer as it travels.
    func response() throws -> Response {
        var response = try Response.json(body, status: status)
        response.headers[.errorType] = type
        response.headers[.retryAfter] = retryAfterSeconds.map(String.init)
        response.headers[.allow] = allow
        return response
    }
}

extension HTTPField.Name {
    static let errorType = HTTPField.Name(literal: WireNames.errorType)
    static let requestID = HTTPField.Name(literal: WireNames.requestID)
    static let clientToken = HTTPField.Name(literal: WireNames.clientToken)
    static let latestUpdateToken = HTTPField.Name(literal: WireNames.latestUpdateToken)

    /// For names that are constants of this program.
    private init(literal name: String) {
        guard let name = HTTPField.Name(name) else { preconditionFailure("not a header name: \(name)") }
        self = name
    }
}

extension Response {
    /// A JSON answer; slashes are left alone, so that lines travel as short as they came.
    static func json(_ body: some Encodable, status: HTTPResponse.Status) throws -> Response {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.withoutEscapingSlashes, .sortedKeys]
        let data = try encoder.encode(body)
        return Response(
            status: status, headers: [.contentType: "application/json"],
            body: ResponseBody(byteBuffer: ByteBuffer(bytes: data)))
    }

    /// The answer of an operation, with the status the model gives it.
    static func json(_ body: some Encodable, of operation: Operation) throws -> Response {
        try json(body, status: HTTPResponse.Status(code: operation.successStatus))
    }
}
