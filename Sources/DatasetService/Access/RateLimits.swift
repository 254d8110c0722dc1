package import LookoutVision
import Synchronization

/// Requests a second, for each key and operation by itself: a bucket that holds one second's requests, and at least one.
package final class RateLimits: Sendable {
    /// How many a second; an operation that is not named has the limit of all others, if there is one.
    package struct Configuration: Sendable, Hashable {
        package var everyOperation: Double?
        package var operations: [Operation: Double]

        package init(everyOperation: Double? = nil, operations: [Operation: Double] = [:]) {
            self.everyOperation = everyOperation
            self.operations = operations
        }

        func rate(of operation: Operation) -> Double? {
            operations[operation] ?? everyOperation
        }
    }

    private struct Account: Hashable {
        var id: String
        var operation: Operation
    }

    private let configuration: Configuration
    private let now: @Sendable () -> Timestamp
    // At most one for each key of the file and each operation: strangers have no account.
    private let buckets = Mutex<[Account: TokenBucket]>([:])

    init(_ configuration: Configuration, now: @escaping @Sendable () -> Timestamp) {
        self.configuration = configuration
        self.now = now
    }

    /// Counts one request.
    ///
    /// - Throws: a throttling exception with the seconds, rounded up, after which there is room again.
    func count(_ operation: Operation, of id: String) throws(APIException) {
        guard let rate = configuration.rate(of: operation) else { return }
        let now = now()
        let wait = buckets.withLock { buckets in
            let new = TokenBucket(capacity: max(1, rate), rate: rate, now: now)
            return buckets[Account(id: id, operation: operation), default: new].take(now: now)
        }
        guard let wait else { return }
        throw APIException(
            .throttling, "\(operation.rawValue) is limited to \(rate) requests a second for each key.",
            retryAfterSeconds: Int(min(wait.rounded(.up), 3600)))
    }
}
