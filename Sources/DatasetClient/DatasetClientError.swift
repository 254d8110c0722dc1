package import LookoutVision

/// Why a call to the dataset API has no answer that can be used. Descriptions never hold secrets.
package enum DatasetClientError: Error, Sendable, Hashable {
    /// One of the exceptions of the service model, with what `Retry-After` asked for.
    case exception(APIException)
    /// An answer that the service model does not know: a proxy's page, a signature error, an unknown exception. `type` is
    /// the name the answer gives its error, if any.
    case unexpectedStatus(http: Int, type: String?, message: String)
    /// No whole answer came: no connection, a broken one, or time ran out. The call may have been carried out.
    case transport(String)
    /// The server's certificate is not believed. Nothing was sent.
    case untrusted(String)
    /// No credentials were found, or they could not be read, or no header may hold them. Nothing was sent.
    case credentials(String)
    /// A success whose body is not what the service model says. The call has been carried out, for all that is known.
    case malformedResponse(String)
    /// The time after which the caller did not want it sent has come. Nothing was sent.
    case expired
    /// The caller's task was cancelled. The call may have been carried out.
    case cancelled

    /// Whether the same call, under the same client token, may succeed later although nobody changes anything.
    package var isRetriable: Bool {
        switch self {
        case .exception(let exception):
            switch exception.kind {
            case .conflict, .throttling, .internalServer: true
            case .accessDenied, .validation, .resourceNotFound, .serviceQuotaExceeded: false
            }
        // 408 is a server or a proxy that gave up waiting for the request.
        case .unexpectedStatus(let status, _, _): status >= 500 || status == 408
        case .transport, .malformedResponse: true
        case .untrusted, .credentials, .expired, .cancelled: false
        }
    }

    /// Whether it is about who asks, not what is asked: missing or refused credentials or signature. Somebody has to
    /// change a configuration or a clock.
    package var isAboutAccess: Bool {
        switch self {
        case .exception(let exception): exception.kind == .accessDenied
        case .unexpectedStatus(let status, let type, _):
            status == 401 || status == 403 || status == 407 || type.map(Self.signatureErrors.contains) ?? false
        case .credentials: true
        case .transport, .untrusted, .malformedResponse, .expired, .cancelled: false
        }
    }

    /// Seconds that the service asked the caller to wait; not capped.
    package var retryAfterSeconds: Int? {
        if case .exception(let exception) = self { exception.retryAfterSeconds } else { nil }
    }

    /// Errors common to all services of AWS that come with status 400 as well as 403.
    ///
    /// Source: AWS API reference, "Common Errors".
    private static let signatureErrors: Set<String> = [
        "ExpiredTokenException", "IncompleteSignature", "IncompleteSignatureException", "InvalidClientTokenId",
        "InvalidSignatureException", "MissingAuthenticationToken", "MissingAuthenticationTokenException",
        "NotAuthorized",
        "OptInRequired", "RequestExpired", "RequestTimeTooSkewed", "SignatureDoesNotMatch",
        "UnrecognizedClientException",
    ]
}

extension DatasetClientError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .exception(let exception):
            "\(exception.kind.rawValue): \(exception.message)"
        case .unexpectedStatus(let status, let type, let message):
            "HTTP \(status)\(type.map { " \($0)" } ?? "")\(message.isEmpty ? "" : ": \(message)")"
        case .transport(let message): "no answer: \(message)"
        case .untrusted(let message): "the server's certificate is not believed: \(message)"
        case .credentials(let message): "credentials: \(message)"
        case .malformedResponse(let message): "malformed answer: \(message)"
        case .expired: "too late to be sent"
        case .cancelled: "cancelled"
        }
    }
}
