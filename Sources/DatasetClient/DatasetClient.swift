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
            endpoint: endpoint, authorities: configuration.authorities, connectTimeout: configuration.connectTimeout)
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
}

extension DatasetClient {
    /// One try: limit, signature, request, whole answer. Anything but a success is an error.
    func perform(_ call: APICall) async throws(DatasetClientError) -> APIAnswer {
        do {
            try await limiters[call.operation]?.acquire()
        } catch {
            throw .cancelled
        }
        // Without a limit nothing has looked yet.
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
            request(call, credentials: credentials), over: connections.pool, within: configuration.requestTimeout,
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

        var request = OutgoingRequest(target: query.isEmpty ? path : "\(path)?\(query)")
        request.method = HTTPMethod(rawValue: call.operation.method)
        // One by one: an array of tuples with names is cast to one without them element by element, each by the runtime.
        request.headers.reserveCapacity(headers.count + 2)
        for header in headers { request.headers.add(name: header.name, value: header.value) }
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
