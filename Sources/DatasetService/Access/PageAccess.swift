import Crypto
import FoundationEssentials
import HTTPTypes
import Hummingbird
import LookoutVision
import NIOCore

/// Who may see what is not the API: the page, and metrics.
///
/// Browsers and monitoring cannot sign. They name a key, with its secret as the password, by HTTP's basic
/// authentication; only over TLS or from this machine, and only to look. The page shows every project, so the key must
/// be one that may read every project.
struct PageAccess: Sendable {
    /// Tells that the process is there, and nothing else.
    static let openEndpoints: Set<String> = ["/healthz", "/readyz"]

    let keys: KeyRing
    let isTLS: Bool
    let failures: FailedAttempts

    func caller(of request: Request, endpoint: String, from client: SocketAddress?) throws(ServiceFault) -> Caller {
        if Self.openEndpoints.contains(endpoint) { return .nobody }
        guard isTLS || client?.isLoopback ?? false else {
            throw .denied("Other than over TLS, this can only be seen from the machine itself.")
        }
        guard request.method == .get || request.method == .head else { throw .methodNotAllowed(["GET", "HEAD"]) }
        // A browser asks without first; that is no guess.
        guard let header = request.headers[.authorization] else { throw .unauthorized }
        if let seconds = failures.wait(of: client) {
            throw ServiceFault(
                APIException(
                    .throttling, "Wrong names or secrets came too often from this address.", retryAfterSeconds: seconds)
            )
        }
        guard let (id, secret) = Self.credentials(header), let key = keys[id],
            // Digests compare in constant time.
            SHA256.hash(data: Array(secret.utf8)) == SHA256.hash(data: Array(key.secret.utf8))
        else {
            failures.note(client)
            throw .unauthorized
        }
        guard key.allowsEverywhere(.read) else {
            throw .denied("The access key \(key.id) may not read every project.")
        }
        return .key(key)
    }

    /// Source: RFC 7617, section 2.
    private static func credentials(_ header: String) -> (id: String, secret: String)? {
        guard header.prefix(6).lowercased() == "basic ",
            let data = Data(base64Encoded: String(header.dropFirst(6).drop { $0 == " " })),
            let text = String(validating: data, as: UTF8.self), let colon = text.firstIndex(of: ":")
        else { return nil }
        return (String(text[..<colon]), String(text[text.index(after: colon)...]))
    }
}
