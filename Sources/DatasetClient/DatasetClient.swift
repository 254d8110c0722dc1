import AsyncHTTPClient
import Instrumentation
import LookoutVision
import NIOCore
import NIOHTTP1
import ServiceContextModule
import SigV4

/// The dataset API of Lookout for Vision, at any endpoint that speaks it.
///
/// Every call waits its turn under the operation's rate limit, is signed unless the provider is anonymous, ends at once
/// when its task is cancelled, and is tried once unless its documentation says otherwise. Copies share connections and
/// limits. A client must be ended with `shutdown()`.
package struct DatasetClient: Sendable {
    /// Where every request goes.
    package let endpoint: Endpoint
    /// As it was given.
    package let configuration: Configuration
    let time: TimeSource
    private let credentials: any CredentialProvider
    private let signer: Signer
    private let connections: ConnectionLines
    private let limiters: [LookoutVision.Operation: RateLimiter]
    let pace: UpdatePace

    /// Opens no connection yet.
    ///
    /// - Parameters:
    ///   - endpoint: where the API is served.
    ///   - region: what signatures are scoped to; any name does for an endpoint that checks none.
    ///   - credentials: asked before every request; `.anonymous` for none.
    ///   - configuration: limits and patience.
    ///   - time: the clocks.
    package init(
        endpoint: Endpoint, region: String, credentials: some CredentialProvider,
        configuration: Configuration = Configuration(), time: TimeSource = .system
    ) {
        self.endpoint = endpoint
        self.credentials = credentials
        self.configuration = configuration
        self.time = time
        signer = Signer(region: region, service: WireNames.signingName)
        connections = ConnectionLines(
            connections: configuration.connections, configuration: Self.httpConfiguration(configuration))
        let limited = LookoutVision.Operation.allCases.compactMap { operation in
            RateLimiter(configuration.rateLimits[operation] ?? configuration.rateLimit, time: time)
                .map { (operation, $0) }
        }
        limiters = Dictionary(uniqueKeysWithValues: limited)
        pace = UpdatePace(longest: configuration.backoff.base)
    }

    /// Ends calls in flight with an error, and closes the connections. Nothing may be called afterwards; a second call
    /// does nothing.
    package func shutdown() async {
        await connections.shutdown()
    }

    /// Where a call's task runs best, another place each time: beside connections, so that the call changes no thread
    /// between being prepared, sent, answered and judged. A call may be made from anywhere else as well.
    ///
    /// Nothing that blocks or computes for milliseconds belongs there: the other calls' answers would wait.
    package var executor: any TaskExecutor { connections.executor }

    private static func httpConfiguration(_ configuration: Configuration) -> HTTPClient.Configuration {
        var http = HTTPClient.Configuration()
        http.httpVersion = .http1Only
        // A call carries the trace of its task, and is no span of its own.
        http.tracing.tracer = nil
        // A redirected request would carry a signature for another place.
        http.redirectConfiguration = .disallow
        http.tlsConfiguration = configuration.authorities?.tls
        http.timeout.connect = TimeAmount(configuration.connectTimeout)
        // Shorter than what servers grant idle connections, or a request meets one that is being closed.
        http.connectionPool.idleTimeout = .seconds(20)
        http.http1_1ConnectionDebugInitializer = { channel in
            channel.eventLoop.makeCompletedFuture {
                try channel.pipeline.syncOperations.addHandler(FlushGathering(), position: .first)
            }
        }
        // Whoever calls has a backoff of its own, and wants to know at once that nobody listens.
        http.connectionPool.retryConnectionEstablishment = false
        return http
    }
}

extension DatasetClient {
    /// One try: limit, signature, request, whole answer. Anything but a success is an error.
    func perform(_ call: APICall) async throws(DatasetClientError) -> APIAnswer {
        do {
            try await limiters[call.operation]?.acquire()
        } catch {
            throw .cancelled
        }
        // Without a limit nothing has looked yet, and the HTTP client may send before it does.
        if Task.isCancelled { throw .cancelled }
        let credentials: Credentials?
        do {
            credentials = try await self.credentials.credentials()
        } catch {
            throw Task.isCancelled ? .cancelled : .credentials(error.description)
        }
        // As late as can be: the process may have been stopped for hours anywhere above.
        if let notAfter = call.notAfter, time.wallClock() >= notAfter { throw .expired }
        let answer = try await HTTPExchange.perform(
            request(call, credentials: credentials), over: connections.http, within: configuration.requestTimeout,
            upTo: configuration.largestAnswer)
        if (200..<300).contains(answer.status) { return answer }
        throw ErrorAnswer.error(
            status: answer.status, errorType: answer.headers.first(name: WireNames.errorType),
            retryAfter: answer.headers.first(name: WireNames.retryAfter), body: answer.body,
            now: time.wallClock(),
            secrets: [credentials?.secretAccessKey, credentials?.sessionToken].compactMap(\.self))
    }

    private func request(_ call: APICall, credentials: Credentials?) -> OutgoingRequest {
        let path = endpoint.basePath + call.path
        let query = call.encodedQuery
        var headers = [(name: "Host", value: endpoint.authority)]
        if let clientToken = call.clientToken { headers.append((name: WireNames.clientToken, value: clientToken)) }
        if call.body != nil { headers.append((name: "Content-Type", value: "application/json")) }
        if let credentials {
            headers += signer.headers(
                signing: call.operation.method, path: path, query: query, headers: headers,
                payloadSHA256: call.body.sha256, credentials: credentials,
                date: SigningDate(secondsSince1970: time.wallClock()))
        }
        // Not signed, as what follows: proxies may change it.
        if let wait = call.preferredWait { headers.append((name: WireNames.prefer, value: "wait=\(wait)")) }
        headers.append((name: "User-Agent", value: "linefeed"))

        let origin = "\(endpoint.scheme)://\(endpoint.authority)"
        var request = OutgoingRequest(url: "\(origin)\(path)\(query.isEmpty ? "" : "?\(query)")")
        request.method = HTTPMethod(rawValue: call.operation.method)
        request.headers = HTTPHeaders(headers)
        request.body = call.body
        if let context = ServiceContext.current {
            InstrumentationSystem.instrument.inject(context, into: &request.headers, using: HeaderInjector())
        }
        return request
    }
}

private struct HeaderInjector: Injector {
    func inject(_ value: String, forKey key: String, into headers: inout HTTPHeaders) {
        headers.add(name: key, value: value)
    }
}

extension TimeAmount {
    /// Whole nanoseconds; what does not fit is as good as never.
    init(_ duration: Duration) {
        let (seconds, attoseconds) = duration.components
        let (nanoseconds, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
        self = overflow ? .nanoseconds(.max) : .nanoseconds(nanoseconds + attoseconds / 1_000_000_000)
    }
}
