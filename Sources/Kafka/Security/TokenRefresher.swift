import CRDKafka
import Synchronization

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// Answers librdkafka's calls for a new token, beside its own thread, as long as the client lives.
///
/// librdkafka calls from its background thread and waits for exactly one answer; after a failure it calls again 10 s
/// later. A failure is logged, since not every client's owner hears of its errors.
final class TokenRefresher: Sendable {
    private let source: any BearerTokenSource
    private let log: KafkaLog
    private let state = Mutex(State())

    private struct State {
        var isStopped = false
        /// Held here, cancelled by `stop`.
        var task: Task<Void, Never>?
    }

    /// `@unchecked Sendable`: used under the lock only, and not once `stop` has returned.
    private struct Handle: @unchecked Sendable {
        let raw: OpaquePointer
    }

    init(_ source: any BearerTokenSource, log: @escaping KafkaLog) {
        self.source = source
        self.log = log
    }

    /// Begins to get a token for this client.
    func refresh(_ raw: OpaquePointer) {
        let handle = Handle(raw: raw)
        state.withLock { state in
            guard !state.isStopped else { return }
            state.task = Task {
                do throws(BearerTokenError) {
                    answer(handle, .success(try await source.token()))
                } catch {
                    answer(handle, .failure(error))
                }
            }
        }
    }

    /// When this returns the client is no longer touched.
    func stop() {
        let task = state.withLock { state in
            state.isStopped = true
            return state.task.take()
        }
        task?.cancel()
    }

    private func answer(_ handle: Handle, _ result: Result<BearerToken, BearerTokenError>) {
        state.withLock { state in
            guard !state.isStopped else { return }
            state.task = nil
            var reason: String?
            switch result {
            case .success(let token): reason = Self.set(token, handle.raw)
            case .failure(let error): reason = error.description
            }
            // Fails only where the mechanism is another one, and then nobody would have asked.
            if let reason {
                log(3, "TOKEN", "no token for SASL OAUTHBEARER: \(reason)")
                rd_kafka_oauthbearer_set_token_failure(handle.raw, reason)
            }
        }
    }

    /// - Returns: why librdkafka does not take the token; nil where it does.
    private static func set(_ token: BearerToken, _ raw: OpaquePointer) -> String? {
        let text = ErrorText()
        // librdkafka copies them.
        let texts: [String] = token.extensions.sorted { $0.key < $1.key }.flatMap { [$0.key, $0.value] }
        let copies = texts.map { strdup($0) }
        defer { for copy in copies { free(copy) } }
        var extensions = copies.map { UnsafePointer($0) }
        let code = rd_kafka_oauthbearer_set_token(
            raw, token.value, token.expiresAtMilliseconds, token.principal, &extensions, extensions.count, text.buffer,
            text.size)
        return code == RD_KAFKA_RESP_ERR_NO_ERROR ? nil : text.string
    }
}
