package import SigV4
import Synchronization

/// What a source last handed out, until it expires, and before that, in time, what it hands out next.
///
/// However many ask, the source is asked once at a time. While what is there is still good nobody waits: a renewal runs
/// beside, and one that fails is told to `report` and tried again, with a growing pause, until it succeeds; up to the
/// moment it really expires the old one is served. Without any that is good, everyone waits for the one request that is
/// under way and hears how it ends; during the pause after a failure they hear of that failure at once.
package final class CachedCredentials: CredentialProvider {
    /// How long before its end a credential is renewed. A service that has nothing newer yet, as the instance metadata
    /// may have up to five minutes before the end, is asked again after `renewalPause`.
    static let renewalLead = 600
    static let renewalPause = Duration.seconds(30)
    /// A clock may be this wrong: what ends sooner counts as ended. Seconds.
    static let expiryMargin = 10

    private let shared: Shared

    /// Asks nobody yet.
    ///
    /// - Parameters:
    ///   - source: asked at the first use.
    ///   - time: the clocks.
    ///   - report: hears why a renewal has failed, as long as the old credentials still hold.
    init(_ source: any CredentialSource, time: TimeSource, report: @escaping @Sendable (CredentialError) -> Void) {
        shared = Shared(source: source, time: time, report: report)
    }

    deinit { shared.stop() }

    /// Good ones. A cancelled caller hears `unavailable` at once; the request itself goes on for the others.
    package func credentials() async throws(CredentialError) -> Credentials? {
        try await shared.credentials()
    }
}

extension CachedCredentials {
    fileprivate typealias Outcome = Result<TemporaryCredentials, CredentialError>
    fileprivate typealias Waiter = CheckedContinuation<Outcome, Never>

    fileprivate struct State {
        var current: TemporaryCredentials?
        var flight: Task<Void, Never>?
        var waiters: [Int: Waiter] = [:]
        var lastWaiter = 0
        var failures = 0
        var lastError: CredentialError?
        /// Monotonic time before which the source is left alone.
        var nextTry = Duration.zero
    }

    /// What the request under way keeps alive; the cache itself may go meanwhile.
    fileprivate final class Shared: Sendable {
        private let source: any CredentialSource
        private let time: TimeSource
        private let report: @Sendable (CredentialError) -> Void
        private let pause = Backoff(base: .seconds(1), cap: .seconds(30))
        private let state = Mutex(State())

        init(
            source: any CredentialSource, time: TimeSource, report: @escaping @Sendable (CredentialError) -> Void
        ) {
            self.source = source
            self.time = time
            self.report = report
        }

        func credentials() async throws(CredentialError) -> Credentials {
            let immediate = state.withLock { state -> Outcome? in
                let now = time.wallClock()
                let isPaused = time.monotonic() < state.nextTry
                if let current = state.current, current.isGood(at: now) {
                    let isDue = current.expiresAt - now < CachedCredentials.renewalLead
                    if isDue, !isPaused, state.flight == nil { takeOff(&state) }
                    return .success(current)
                }
                guard state.flight == nil else { return nil }
                // The pause after a success is for those that still have something.
                if isPaused, let error = state.lastError { return .failure(error) }
                takeOff(&state)
                return nil
            }
            if let immediate { return try immediate.get().credentials }
            return try await flightOutcome().get().credentials
        }

        func stop() {
            state.withLock { $0.flight }?.cancel()
        }

        /// The flight is held by the state it ends in, and cancelled with the cache.
        private func takeOff(_ state: inout State) {
            state.flight = Task {
                do throws(CredentialError) {
                    land(.success(try await source.fetch()))
                } catch {
                    land(.failure(error))
                }
            }
        }

        private func land(_ outcome: Outcome) {
            let (waiters, result, unheard) = state.withLock { state in
                state.flight = nil
                let now = time.wallClock()
                let result = outcome.refusingExpired(at: now)
                switch result {
                case .success(let fresh):
                    state.current = fresh
                    state.failures = 0
                    state.lastError = nil
                    state.nextTry = time.monotonic() + CachedCredentials.renewalPause
                case .failure(let error):
                    let delay = pause.delay(attempt: state.failures, retryAfterSeconds: nil, jitter: time.jitter)
                    state.failures += 1
                    state.lastError = error
                    state.nextTry = time.monotonic() + delay
                }
                let waiters = state.waiters
                state.waiters = [:]
                // Callers of a cache that still has good ones are not told; somebody has to be.
                var unheard: CredentialError?
                if case .failure(let error) = result, state.current?.isGood(at: now) == true { unheard = error }
                return (waiters, result, unheard)
            }
            if let unheard { report(unheard) }
            for waiter in waiters.values { waiter.resume(returning: result) }
        }

        private func flightOutcome() async -> Outcome {
            let id = state.withLock { state in
                state.lastWaiter += 1
                return state.lastWaiter
            }
            return await withTaskCancellationHandler {
                await withCheckedContinuation { waiter in
                    let immediate = state.withLock { state -> Outcome? in
                        if Task.isCancelled { return Self.cancelled }
                        if state.flight != nil {
                            state.waiters[id] = waiter
                            return nil
                        }
                        // It has landed since.
                        return state.lastError.map { .failure($0) } ?? state.current.map { .success($0) }
                            ?? Self.cancelled
                    }
                    if let immediate { waiter.resume(returning: immediate) }
                }
            } onCancel: {
                state.withLock { $0.waiters.removeValue(forKey: id) }?.resume(returning: Self.cancelled)
            }
        }

        private static let cancelled = Outcome.failure(.unavailable("nobody waited for the credentials"))
    }
}

extension TemporaryCredentials {
    fileprivate func isGood(at now: Int) -> Bool { expiresAt - now > CachedCredentials.expiryMargin }
}

extension Result<TemporaryCredentials, CredentialError> {
    /// A service that hands out what has ended already has nothing.
    fileprivate func refusingExpired(at now: Int) -> Self {
        guard case .success(let fresh) = self, !fresh.isGood(at: now) else { return self }
        return .failure(.unavailable("credentials were handed out that have expired \(now - fresh.expiresAt) s ago"))
    }
}
