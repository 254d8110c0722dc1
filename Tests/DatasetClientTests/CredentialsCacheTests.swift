import SigV4
import Synchronization
import Testing

@testable import DatasetClient

/// Hands out what the test gives it, when the test gives it.
private final class Till: CredentialSource {
    private struct State {
        var asked = 0
        var waiting: [CheckedContinuation<Result<TemporaryCredentials, CredentialError>, Never>] = []
    }

    private let state = Mutex(State())
    private let calls: AsyncStream<Int>.Continuation
    /// The number of each request, as it comes.
    let requests: AsyncStream<Int>

    init() { (requests, calls) = AsyncStream.makeStream() }

    var asked: Int { state.withLock { $0.asked } }

    func fetch() async throws(CredentialError) -> TemporaryCredentials {
        try await withCheckedContinuation { continuation in
            let number = state.withLock { state in
                state.asked += 1
                state.waiting.append(continuation)
                return state.asked
            }
            calls.yield(number)
        }.get()
    }

    func pay(_ result: Result<TemporaryCredentials, CredentialError>) {
        for waiting in state.withLock({ state in
            defer { state.waiting = [] }
            return state.waiting
        }) { waiting.resume(returning: result) }
    }

    func pay(_ name: String, until seconds: Int) {
        pay(
            .success(
                TemporaryCredentials(
                    credentials: Credentials(accessKeyID: name, secretAccessKey: secretMark, sessionToken: secretMark),
                    expiresAt: 1_440_938_160 + seconds)))
    }
}

@Suite(.timeLimit(.minutes(5))) struct CredentialsCacheTests {
    private let time = TestTime()
    private let till = Till()

    private func cache() -> (CachedCredentials, AsyncStream<CredentialError>) {
        let (reports, continuation) = AsyncStream.makeStream(of: CredentialError.self)
        return (CachedCredentials(till, time: time.source) { continuation.yield($0) }, reports)
    }

    @Test func manyWhoAskAreOneRequest() async throws {
        let (cache, _) = cache()
        var requests = till.requests.makeAsyncIterator()
        try await withThrowingTaskGroup(of: String?.self) { group in
            for _ in 0..<100 { group.addTask { try await cache.credentials()?.accessKeyID } }
            _ = await requests.next()
            till.pay("one", until: 3600)
            for try await name in group { #expect(name == "one") }
        }
        #expect(till.asked == 1)
        time.advance(by: .seconds(2999))
        #expect(try await cache.credentials()?.accessKeyID == "one")
        #expect(till.asked == 1)
    }

    @Test func renewedBeforeTheEndWithoutAnybodyWaiting() async throws {
        let (cache, _) = cache()
        var requests = till.requests.makeAsyncIterator()
        async let first = cache.credentials()
        _ = await requests.next()
        till.pay("one", until: 3600)
        #expect(try await first?.accessKeyID == "one")
        time.advance(by: .seconds(3001))
        // Two ask while the renewal is under way, and get the old one.
        #expect(try await cache.credentials()?.accessKeyID == "one")
        #expect(await requests.next() == 2)
        #expect(try await cache.credentials()?.accessKeyID == "one")
        till.pay("two", until: 7200)
        while try await cache.credentials()?.accessKeyID == "one" { await Task.yield() }
        #expect(till.asked == 2)
    }

    @Test func theOldOneHoldsWhileRenewalFailsAndNotLonger() async throws {
        let (cache, reports) = cache()
        var requests = till.requests.makeAsyncIterator()
        var heard = reports.makeAsyncIterator()
        async let first = cache.credentials()
        _ = await requests.next()
        till.pay("one", until: 3600)
        #expect(try await first?.accessKeyID == "one")
        time.advance(by: .seconds(3100))
        for round in 2...4 {
            #expect(try await cache.credentials()?.accessKeyID == "one")
            #expect(await requests.next() == round)
            till.pay(.failure(.unavailable("round \(round)")))
            #expect(await heard.next() == .unavailable("round \(round)"))
            // During the pause nobody is asked.
            #expect(try await cache.credentials()?.accessKeyID == "one")
            #expect(till.asked == round)
            time.advance(by: .seconds(30))
        }
        time.advance(by: .seconds(3600 - 3100 - 90))
        async let late = failure { () throws(CredentialError) in try await cache.credentials() }
        #expect(await requests.next() == 5)
        till.pay(.failure(.unavailable("gone")))
        #expect(await late == .unavailable("gone"))
        // At once, without a request of its own.
        #expect(await failure { () throws(CredentialError) in try await cache.credentials() } == .unavailable("gone"))
        #expect(till.asked == 5)
        time.advance(by: .seconds(30))
        async let recovered = cache.credentials()
        #expect(await requests.next() == 6)
        till.pay("two", until: 7200)
        #expect(try await recovered?.accessKeyID == "two")
    }

    @Test func whatHasExpiredAlreadyIsRefused() async throws {
        let (cache, _) = cache()
        var requests = till.requests.makeAsyncIterator()
        async let first = failure { () throws(CredentialError) in try await cache.credentials() }
        _ = await requests.next()
        till.pay("one", until: -5)
        #expect(await first == .unavailable("credentials were handed out that have expired 5 s ago"))
    }

    @Test func shortLivedOnesAreAskedForAgainAtTheirEnd() async throws {
        let (cache, _) = cache()
        var requests = till.requests.makeAsyncIterator()
        async let first = cache.credentials()
        _ = await requests.next()
        till.pay("one", until: 20)
        #expect(try await first?.accessKeyID == "one")
        time.advance(by: .seconds(15))
        async let second = cache.credentials()
        #expect(await requests.next() == 2)
        till.pay("two", until: 60)
        #expect(try await second?.accessKeyID == "two")
    }

    @Test func aCancelledCallerLeavesTheOthersWaiting() async throws {
        let (cache, _) = cache()
        var requests = till.requests.makeAsyncIterator()
        let impatient = Task { await failure { () throws(CredentialError) in try await cache.credentials() } }
        _ = await requests.next()
        async let patient = cache.credentials()
        impatient.cancel()
        guard case .unavailable = await impatient.value else {
            Issue.record("a cancelled caller has to hear that it was")
            return
        }
        till.pay("one", until: 3600)
        #expect(try await patient?.accessKeyID == "one")
        #expect(till.asked == 1)
    }
}
