import Crypto
import DatasetClient
import FoundationEssentials
import HTTPTypes
import Hummingbird
import Instrumentation
import Labelling
import Logging
import LookoutVision
import NIOCore
import ServiceContextModule
import ServiceLifecycle
import Settlement
import Synchronization
import Telemetry
import Testing

@testable import Worker

/// Calls made by the machine itself, at an endpoint that answers when the test says so.
@Suite(.timeLimit(.minutes(5)))
struct CallRunnerTests {
    /// The partition is lost and comes back while its call is still on its way.
    @Test func aBatchThatIsReformedJoinsTheCallInFlight() async throws {
        let machine = Machine()
        let first = try #require(machine.callForNewBatch())
        let second = try #require(machine.callAfterComingBack())
        #expect(first.id != second.id)

        let server = HeldServer()
        try await server.run { client in
            let mailbox = Mailbox()
            let answers = Answers()
            mailbox.connect { answers.add(mailbox.take()) }
            let runner = CallRunner(
                settings: machine.settings, client: client, mailbox: mailbox, logger: Logger(label: "test"))
            await withTaskGroup(of: Void.self) { group in
                group.addTask { await runner.run(first, trace: nil) }
                await server.gate.arrival()
                // The first is on its way: this one returns at once, and its answer comes with the first one's.
                await runner.run(second, trace: nil)
                server.gate.open()
            }
            #expect(server.patches == 1)
            #expect(answers.complete(first, second))
        }
    }

    /// Whatever computes for long would keep the answers of all other calls waiting.
    @Test func onlyShortCallsRunWhereTheirConnectionsAre() async throws {
        let client = try Service.makeClient(port: 1)
        let short = Machine()
        let runner = CallRunner(
            settings: short.settings, client: client, mailbox: Mailbox(), logger: Logger(label: "test"))
        let isGlobal = { (call: Call) in runner.executor(for: call) === globalConcurrentExecutor }
        #expect(try !isGlobal(#require(short.callForNewBatch())))
        let long = try #require(Machine(image: String(repeating: "long/", count: 100)).callForNewBatch(of: 400))
        #expect(long.batch.payloadByteCount(of: long.piece) > UpdateBody.payloadBytesOfAWrite)
        #expect(isGlobal(long))
        #expect(try isGlobal(#require(Machine().callAfterTooLong())), "reading back")
        await client.shutdown()
    }

    @Test func aCallThatIsCancelledHasNoAnswer() async throws {
        let machine = Machine()
        let call = try #require(machine.callForNewBatch())
        let server = HeldServer()
        try await server.run { client in
            let mailbox = Mailbox()
            let runner = CallRunner(
                settings: machine.settings, client: client, mailbox: mailbox, logger: Logger(label: "test"))
            await withTaskGroup(of: Void.self) { group in
                group.addTask { await runner.run(call, trace: nil) }
                await server.gate.arrival()
                group.cancelAll()
            }
            #expect(mailbox.take().isEmpty)
            server.gate.open()
        }
    }

    /// The digest in a token is the body's, and the payload's for a batch that was first sent so.
    @Test(arguments: [false, true])
    func theTokenIsOfWhatItsBatchBeganWith(_ hasPayloadToken: Bool) async throws {
        let machine = Machine()
        var call = try #require(machine.callForNewBatch())
        call.hasPayloadToken = hasPayloadToken
        var payload = Data()
        call.batch.forEachPayloadChunk(of: call.piece) { payload += $0 }
        let content = hasPayloadToken ? payload : Data(#"{"Changes":"\#(payload.base64EncodedString())"}"#.utf8)
        let server = HeldServer()
        server.gate.open()
        try await server.run { [call] client in
            let mailbox = Mailbox()
            await CallRunner(
                settings: machine.settings, client: client, mailbox: mailbox, logger: Logger(label: "test")
            ).run(call, trace: nil)
            guard case .answer(call.id, .completed, let token)? = mailbox.take().first else {
                Issue.record("not completed")
                return
            }
            let expected = ClientToken.make(
                group: "pool", topic: "events", batch: call.batch, piece: call.piece, generation: 0, attempt: 0,
                contentSHA256: Array(SHA256.hash(data: content)))
            #expect(token == expected)
        }
    }

    /// An update is in progress, perhaps the very one that is asked about: what the dataset shows now tells nothing.
    @Test func whatIsReadBackWhileAnUpdateIsInProgressIsNotBelieved() async throws {
        let machine = Machine()
        let call = try #require(machine.callAfterTooLong())
        #expect(call.kind == .readBack)
        // It lists no entries: believed, that would send the batch under another token.
        let server = HeldServer(
            status: 200,
            body:
                #"{"DatasetDescription":{"ProjectName":"boards","DatasetType":"train","Status":"UPDATE_IN_PROGRESS"}}"#)
        server.gate.open()
        try await server.run { client in
            let mailbox = Mailbox()
            await CallRunner(
                settings: machine.settings, client: client, mailbox: mailbox, logger: Logger(label: "test")
            ).run(call, trace: nil)
            guard case .answer(call.id, .exception(let exception), _)? = mailbox.take().first else {
                Issue.record("no conflict")
                return
            }
            #expect(exception.kind == .conflict)
            #expect(exception.message.contains("UPDATE_IN_PROGRESS"))
            #expect(server.requests == ["GET /2020-11-20/projects/boards/datasets/train"])
        }
    }

    @Test(arguments: [
        (403, "AccessDeniedException"), (500, "InternalServerException"), (418, ""),
    ])
    func anAnswerThatIsNoneIsToldFromOneAboutAccess(status: Int, type: String) async throws {
        let machine = Machine()
        let call = try #require(machine.callForNewBatch())
        let server = HeldServer(status: status, errorType: type)
        server.gate.open()
        try await server.run { client in
            let mailbox = Mailbox()
            await CallRunner(
                settings: machine.settings, client: client, mailbox: mailbox, logger: Logger(label: "test")
            ).run(call, trace: nil)
            guard case .answer(let id, let answer, _)? = mailbox.take().first else {
                Issue.record("no answer")
                return
            }
            #expect(id == call.id)
            switch answer {
            case .exception(let exception): #expect(exception.kind.rawValue == type)
            case .unreachable(let message): #expect(message.contains("418"))
            default: Issue.record("\(answer)")
            }
        }
    }
}

extension CallRunnerTests {
    /// The system's tracer is one for the process, and is set once.
    private static let tracing: Void = InstrumentationSystem.bootstrap(TraceContextTracer())

    @Test func aCallGoesOutInTheTraceOfItsRecords() async throws {
        Self.tracing
        let machine = Machine()
        let call = try #require(machine.callForNewBatch())
        var context = ServiceContext.topLevel
        let parent = try #require(TraceContext(parent: "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"))
        context.trace = parent
        let server = HeldServer()
        server.gate.open()
        try await server.run { client in
            let runner = CallRunner(
                settings: machine.settings, client: client, mailbox: Mailbox(), logger: Logger(label: "test"))
            await runner.run(call, trace: context)
            await runner.run(call, trace: nil)
        }
        let traces = server.traces.map { $0.flatMap { TraceContext(parent: $0) } }
        #expect(traces.count == 2)
        #expect(traces.first??.traceID == parent.traceID)
        #expect(traces.first??.spanID != parent.spanID)
        #expect(server.traces.last == .some(nil), "a call without a trace begins none")
    }
}

/// Steps the settlement machine to the point where it wants a call made.
private final class Machine {
    let settings: Settings
    private let settlement: Settlement
    // A call that is too old is not sent.
    private var now = Moment(monotonic: 0, wall: Int64(Date.now.timeIntervalSince1970 * 1000))
    private var ledger: PartitionCommit?

    /// In the name of each line's image.
    private let image: String

    init(image: String = "") {
        self.image = image
        var settings = Settings(group: "pool", topic: "events")
        settings.linger = .zero
        self.settings = settings
        settlement = Settlement(settings: settings, seed: 1)
    }

    func callForNewBatch(of lines: Int = 1) -> Call? {
        settlement.assign(0, committed: 0, metadata: "", start: 0, now: now)
        return read(lines)
    }

    func callAfterComingBack() -> Call? {
        guard let ledger else { return nil }
        settlement.lose([0])
        settlement.assign(0, committed: ledger.offset, metadata: ledger.metadata, start: 0, now: now)
        return read()
    }

    /// The batch is taken over with a token that is too old.
    func callAfterTooLong() -> Call? {
        guard callForNewBatch() != nil else { return nil }
        now.wall += 8 * 3600 * 1000
        return callAfterComingBack()
    }

    private func read(_ lines: Int = 1) -> Call? {
        var decoder = EventDecoder()
        for number in 0..<lines {
            let value = EventEncoder.encode(
                DatasetKey(project: "boards", type: .train), line: Array(line("\(image)\(number).jpg").utf8))
            value.withUnsafeBytes { bytes in
                if case .event(let event) = decoder.decode(value: bytes, projectHeader: nil, datasetTypeHeader: nil) {
                    settlement.append(event, partition: 0, offset: Int64(number), now: now)
                }
            }
        }
        for _ in 0..<10 {
            now.monotonic += 1_000_000_000
            _ = settlement.turn(now: now)
            for action in settlement.takeActions() {
                switch action {
                case .commit(let commits, _):
                    ledger = commits.first
                    settlement.commitFinished(.resolved(refused: [:]), now: now)
                case .call(let call): return call
                default: break
                }
            }
        }
        return nil
    }
}

private final class Answers: Sendable {
    private let state = Mutex<[Mailbox.Message]>([])

    func add(_ messages: [Mailbox.Message]) { state.withLock { $0 += messages } }

    /// Whether each of these calls, and no other, was answered with "completed".
    func complete(_ calls: Call...) -> Bool {
        let messages = state.withLock { $0 }
        return messages.count == calls.count
            && calls.allSatisfy { call in
                messages.contains { if case .answer(call.id, .completed, _) = $0 { true } else { false } }
            }
    }
}

/// Counts updates, and answers each once its gate is open.
private final class HeldServer: Sendable {
    let gate = Gate()
    private let seen = Mutex<[String]>([])
    private let parents = Mutex<[String?]>([])
    private let status: Int
    private let errorType: String
    private let body: String

    init(status: Int = 202, errorType: String = "", body: String = #"{"Status":"UPDATE_COMPLETE","Message":"no"}"#) {
        self.status = status
        self.errorType = errorType
        self.body = body
    }

    /// The header `traceparent` of each.
    var traces: [String?] { parents.withLock { $0 } }
    /// Method and path of each.
    var requests: [String] { seen.withLock { $0 } }
    var patches: Int { requests.count { $0.hasPrefix("PATCH ") } }

    func run(_ body: (DatasetClient) async throws -> Void) async throws {
        let (ports, port) = AsyncStream<Int>.makeStream()
        let responder = CallbackResponder<BasicRequestContext> { request, _ in
            self.seen.withLock { $0.append("\(request.method.rawValue) \(request.uri.path)") }
            self.parents.withLock { $0.append(HTTPField.Name("traceparent").flatMap { request.headers[$0] }) }
            try await self.gate.pass()
            var response = Response(
                status: .init(code: self.status),
                body: .init(byteBuffer: ByteBuffer(string: self.body)))
            if let name = HTTPField.Name("x-amzn-ErrorType"), !self.errorType.isEmpty {
                response.headers[name] = self.errorType
            }
            return response
        }
        let quiet = Logger(label: "server") { _ in SwiftLogNoOpLogHandler() }
        let application = Application(
            responder: responder, configuration: .init(address: .hostname("127.0.0.1", port: 0)),
            onServerRunning: { port.yield($0.localAddress?.port ?? 0) }, logger: quiet)
        let group = ServiceGroup(services: [application], logger: quiet)
        async let running: Void = group.run()
        var iterator = ports.makeAsyncIterator()
        guard let bound = await iterator.next() else { throw CancellationError() }
        let client = try Service.makeClient(port: bound)
        let outcome: Result<Void, any Error>
        do { outcome = .success(try await body(client)) } catch { outcome = .failure(error) }
        await client.shutdown()
        await group.triggerGracefulShutdown()
        try await running
        try outcome.get()
    }
}
