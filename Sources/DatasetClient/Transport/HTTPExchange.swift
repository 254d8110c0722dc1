import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL

/// One request, one answer, one time limit.
///
/// All but `perform` belongs to the event loop of the pool that it was begun with.
final class HTTPExchange: NIOScheduledCallbackHandler, @unchecked Sendable {
    typealias Outcome = Result<APIAnswer, DatasetClientError>

    let request: OutgoingRequest
    /// Bytes of the answer's body.
    let largestAnswer: Int
    private let timeout: Duration
    private var timer: NIOScheduledCallback?
    private var continuation: CheckedContinuation<Outcome, Never>?
    private var outcome: Outcome?
    /// That is busy with it.
    private var connection: Connection?

    private init(_ request: OutgoingRequest, within timeout: Duration, upTo largestAnswer: Int) {
        self.request = request
        self.timeout = timeout
        self.largestAnswer = largestAnswer
    }

    /// Sends the request and reads the answer, both within the time limit.
    ///
    /// - Parameters:
    ///   - request: sent once.
    ///   - pool: whose connections are used.
    ///   - timeout: from here to the answer's last byte.
    ///   - largestAnswer: bytes of the body; a longer one is an error.
    /// - Returns: whatever the server answered, success or not.
    /// - Throws: why there is no whole answer.
    static func perform(
        _ request: OutgoingRequest, over pool: ConnectionPool, within timeout: Duration, upTo largestAnswer: Int
    ) async throws(DatasetClientError) -> APIAnswer {
        if Task.isCancelled { throw .cancelled }
        // The target and all other headers are checked where they come from.
        if let header = request.headers.first(where: { !isFieldValue($0.value) }) {
            throw .credentials("the header \(header.name) would hold a character that no header may")
        }
        let exchange = HTTPExchange(request, within: timeout, upTo: largestAnswer)
        let outcome = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                pool.run { exchange.begin(over: pool, continuation) }
            }
        } onCancel: {
            pool.run { exchange.end(.failure(.cancelled)) }
        }
        // The answer may have come first.
        if Task.isCancelled { throw .cancelled }
        return try outcome.get()
    }

    /// Source: RFC 9110, 5.5.
    private static func isFieldValue(_ value: String) -> Bool {
        var value = value
        return value.withUTF8 { $0.allSatisfy { $0 >= 0x20 && $0 != 0x7f || $0 == 0x09 } }
    }
}

extension HTTPExchange {
    var isOver: Bool { outcome != nil }

    private func begin(over pool: ConnectionPool, _ continuation: CheckedContinuation<Outcome, Never>) {
        // Cancelled on the way here.
        if let outcome { return continuation.resume(returning: outcome) }
        self.continuation = continuation
        do {
            timer = try pool.eventLoop.scheduleCallback(in: TimeAmount(timeout), handler: self)
        } catch {
            return end(.failure(.transport("\(error)")))
        }
        pool.carry(self)
    }

    func handleScheduledCallback(eventLoop: some EventLoop) {
        end(.failure(.transport("no whole answer within \(timeout)")))
    }

    /// The connection has taken it on: it is of no more use if the exchange ends without an answer.
    func isCarried(by connection: Connection) { self.connection = connection }

    /// The first word on it is the last.
    func end(_ outcome: Outcome) {
        guard !isOver else { return }
        self.outcome = outcome
        timer?.cancel()
        if case .failure = outcome { connection?.close() }
        connection = nil
        continuation?.resume(returning: outcome)
        continuation = nil
    }
}

extension DatasetClientError {
    /// What a connection met.
    init(connection error: any Error, within connectTimeout: Duration) {
        switch error {
        case ChannelError.connectTimeout: self = .noConnection(within: connectTimeout)
        // What is wrong with the server's certificate. Of what BoringSSL found there are only words.
        case let error as NIOSSLExtraError where error == .failedToValidateHostname:
            self = .untrusted("it is for another name")
        case NIOSSLError.handshakeFailed(let reason) where "\(reason)".contains("CERTIFICATE_VERIFY_FAILED"):
            self = .untrusted("no known authority has signed it, or its time is over")
        case let error as NIOConnectionError:
            self = .transport(
                error.connectionErrors.first.map { "\($0.error)" } ?? "the host name \(error.host) is not known")
        default: self = .transport(String(describing: error))
        }
    }

    static func noConnection(within timeout: Duration) -> Self { .transport("no connection within \(timeout)") }
}
