import HTTPTypes
import Hummingbird
import LookoutVision
import Synchronization

/// How many bytes of bodies are in memory at a time, over all requests.
final class BodyBudget: Sendable {
    private let limit: Int
    private let used = Mutex(0)

    init(bytes: Int) {
        limit = bytes
    }

    /// Room for one body, given back at most once.
    struct Reservation: Sendable {
        fileprivate let budget: BodyBudget
        fileprivate let bytes: Int

        func release() {
            budget.used.withLock { $0 -= bytes }
        }
    }

    /// Makes room for what the request announces, or for the largest body that it may have where it announces nothing.
    ///
    /// - Throws: a throttling exception where there is no room now.
    func reserve(_ request: Request, limit bodyLimit: Int) throws(APIException) -> Reservation {
        let announced = request.headers[.contentLength].map { Int($0) ?? .max }
        let bytes = min(announced ?? (request.headers[.transferEncoding] == nil ? 0 : bodyLimit), bodyLimit)
        let fits = used.withLock { used in
            guard used + bytes <= limit || used == 0 else { return false }
            used += bytes
            return true
        }
        guard fits else {
            throw APIException(
                .throttling, "The service has as many large requests in hand as it has room for.",
                retryAfterSeconds: 1)
        }
        return Reservation(budget: self, bytes: bytes)
    }
}
