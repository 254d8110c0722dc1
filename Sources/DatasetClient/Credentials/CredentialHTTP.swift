import NIOPosix

/// Requests to the services that hand out credentials: short, few, each over a connection of its own.
struct CredentialHTTP: Sendable {
    /// Requests of one fetch at most; with the pauses between them they end within seconds.
    static let tries = 3
    /// Bytes; the answers have a few kilobytes at most.
    private static let largestAnswer = 65536

    /// Who is asked.
    let endpoint: Endpoint
    /// What is being asked, for messages, such as `the container's credential service`.
    let service: String
    /// For one request and its answer.
    let timeout: Duration
    let time: TimeSource
    /// Who is believed; nil for whom the system believes.
    var authorities: TrustedAuthorities?

    /// What is being asked, and where.
    var place: String { "\(service) at \(endpoint.authority)" }

    /// Asks until there is an answer that is neither 429 nor 5xx, `tries` times at most.
    ///
    /// - Throws: `unavailable`, for the last try's reason. Never quotes what was sent or received.
    func answer(to request: OutgoingRequest) async throws(CredentialError) -> APIAnswer {
        let backoff = Backoff(base: .milliseconds(200), cap: .seconds(1))
        var attempt = 0
        while true {
            let outcome = await once(request)
            attempt += 1
            switch outcome {
            case .success(let answer) where answer.status < 500 && answer.status != 429:
                return answer
            case .success(let answer) where attempt == Self.tries:
                throw .unavailable("\(place) answers HTTP \(answer.status)")
            case .failure(let error) where attempt == Self.tries || !error.isRetriable:
                throw .unavailable("\(place): \(error)")
            default:
                let delay = backoff.delay(attempt: attempt - 1, retryAfterSeconds: nil, jitter: time.jitter)
                do { try await time.sleep(delay) } catch { throw .unavailable("\(place): cancelled") }
            }
        }
    }

    /// One try, for a place that may not be there at all.
    func once(_ request: OutgoingRequest) async -> Result<APIAnswer, DatasetClientError> {
        let pool = ConnectionPool(
            endpoint: endpoint, tls: endpoint.tls(trusting: authorities), connectTimeout: timeout,
            on: MultiThreadedEventLoopGroup.singleton.next())
        let outcome: Result<APIAnswer, DatasetClientError>
        do throws(DatasetClientError) {
            outcome = .success(
                try await HTTPExchange.perform(request, over: pool, within: timeout, upTo: Self.largestAnswer))
        } catch {
            outcome = .failure(error)
        }
        await pool.shutdown()
        return outcome
    }
}
