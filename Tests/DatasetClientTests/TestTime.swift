import DatasetClient
import Synchronization
import Testing

/// A clock for tests: a sleep moves it forward and returns at once, or, where the clock is held, waits until the test
/// moves it far enough.
final class TestTime: Sendable {
    private struct Sleeper {
        let id: Int
        let until: Duration
        let continuation: CheckedContinuation<Bool, Never>
    }

    private struct State {
        var now = Duration.zero
        var slept: [Duration] = []
        var lastID = 0
        var sleepers: [Sleeper] = []
    }

    private let state = Mutex(State())
    private let isHeld: Bool
    private let began: AsyncStream<Duration>.Continuation
    /// The length of every sleep, as it begins.
    let sleeps: AsyncStream<Duration>

    init(isHeld: Bool = false) {
        self.isHeld = isHeld
        (sleeps, began) = AsyncStream.makeStream()
    }

    var now: Duration { state.withLock { $0.now } }
    var slept: [Duration] { state.withLock { $0.slept } }

    /// Jitter is its upper bound, so that waits can be foretold.
    var source: TimeSource {
        TimeSource(
            wallClock: { 1_440_938_160 + Int(self.now.components.seconds) }, monotonic: { self.now },
            sleep: { try await self.sleep($0) }, jitter: { $0 })
    }

    func advance(by duration: Duration) {
        let due = state.withLock { state in
            state.now += duration
            let due = state.sleepers.filter { $0.until <= state.now }
            state.sleepers.removeAll { $0.until <= state.now }
            return due
        }
        for sleeper in due { sleeper.continuation.resume(returning: true) }
    }

    private func sleep(_ duration: Duration) async throws {
        try Task.checkCancellation()
        guard isHeld else {
            state.withLock {
                $0.now += duration
                $0.slept.append(duration)
            }
            return
        }
        let id = state.withLock {
            $0.lastID += 1
            return $0.lastID
        }
        let isOver = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isCancelled = state.withLock { state in
                    if Task.isCancelled { return true }
                    state.slept.append(duration)
                    state.sleepers.append(Sleeper(id: id, until: state.now + duration, continuation: continuation))
                    return false
                }
                if isCancelled { continuation.resume(returning: false) } else { began.yield(duration) }
            }
        } onCancel: {
            let sleeper = state.withLock { state in
                state.sleepers.firstIndex { $0.id == id }.map { state.sleepers.remove(at: $0) }
            }
            sleeper?.continuation.resume(returning: false)
        }
        guard isOver else { throw CancellationError() }
    }
}

extension DatasetClient {
    /// A client of the scripted server, without a rate limit, ended with the test's body.
    static func with<Result>(
        _ server: ScriptedServer, credentials: some CredentialProvider = StaticCredentials(),
        time: TestTime = TestTime(), _ adjust: (inout Configuration) -> Void = { _ in },
        _ body: (DatasetClient) async throws -> Result
    ) async throws -> Result {
        try await with(server.endpoint, credentials: credentials, time: time, adjust, body)
    }

    static func with<Result>(
        _ endpoint: Endpoint, credentials: some CredentialProvider = StaticCredentials(),
        time: TestTime = TestTime(), _ adjust: (inout Configuration) -> Void = { _ in },
        _ body: (DatasetClient) async throws -> Result
    ) async throws -> Result {
        var configuration = Configuration()
        configuration.rateLimit = .unlimited
        adjust(&configuration)
        let client = DatasetClient(
            endpoint: endpoint, region: "us-east-1", credentials: credentials, configuration: configuration,
            time: time.source)
        do {
            let result = try await body(client)
            await client.shutdown()
            return result
        } catch {
            await client.shutdown()
            throw error
        }
    }
}

/// A call that is cancelled once the server has its request ends then, with that for its error, whatever came until then.
func expectCancellationEndsAtOnce(
    _ reply: ScriptedServer.Reply, _ call: @escaping @Sendable (DatasetClient) async throws -> Void
) async throws {
    try await ScriptedServer.run { _, _ in
        reply
    } _: { server in
        try await DatasetClient.with(server, { $0.requestTimeout = .seconds(600) }) { client in
            let task = Task { try await call(client) }
            var arrivals = server.arrivals.makeAsyncIterator()
            _ = await arrivals.next()
            task.cancel()
            await #expect(throws: DatasetClientError.cancelled) { try await task.value }
        }
    }
}
