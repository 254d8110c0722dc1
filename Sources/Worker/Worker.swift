internal import CoreMetrics
package import DatasetClient
package import Kafka
package import Logging
internal import ServiceLifecycle
package import Settlement
internal import Synchronization

/// One worker of the pool: reads the topic as a member of the group and settles what it reads.
///
/// Ends when a graceful shutdown was asked for, when `untilEnd` is reached, or with an error that only a person can
/// mend. A membership that had to be given up (a commit whose fate nobody knows) is replaced by a new one.
package final class Worker: Service {
    private let configuration: WorkerConfiguration
    private let client: DatasetClient
    private let logger: Logger
    private let metrics: WorkerMetrics
    private let board: StatusBoard
    private let state = Mutex(State())

    private struct State {
        var mailbox: Mailbox?
        var isStopping = false
    }

    /// `metrics` takes what is measured; by default, nobody does.
    package init(
        configuration: WorkerConfiguration, client: DatasetClient, logger: Logger, metrics: WorkerMetrics? = nil
    ) {
        self.configuration = configuration
        self.client = client
        self.logger = logger
        self.metrics = metrics ?? WorkerMetrics(factory: NOOPMetricsHandler.instance)
        board = StatusBoard(group: configuration.settlement.group, topic: configuration.settlement.topic)
    }

    /// The machine at a glance, at most a fraction of a second old. Its counters speak of all memberships so far.
    package var summary: Settlement.Summary { board.summary }

    /// What the worker is doing, and whether it is ready for work: about a second old at most. Asks no other thread.
    package var status: WorkerStatus { board.status }

    /// - Throws: `WorkerError`, `KafkaError`.
    package func run() async throws {
        defer { board.close() }
        try await withGracefulShutdownHandler {
            try await work()
        } onGracefulShutdown: {
            self.stop()
        }
    }

    private func work() async throws {
        guard configuration.untilEnd else { return try await keepMembership {} }
        let goal = try await DrainGoal(configuration: configuration, logger: logger)
        enum End { case goalReached, membershipOver }
        try await withThrowingTaskGroup(of: End.self) { group in
            group.addTask {
                try await self.keepMembership { goal.lookAgain() }
                return .membershipOver
            }
            group.addTask {
                try await goal.reached()
                return .goalReached
            }
            switch try await group.next() {
            case .goalReached:
                logger.info("Everything that was in the topic at the start is settled")
                stop()
                _ = try await group.next()
            case .membershipOver, nil:
                // Another worker of the pool may reach it.
                logger.notice("Stopped before everything that was in the topic at the start was settled")
                group.cancelAll()
            }
        }
    }

    private func stop() {
        let mailbox = state.withLock { state in
            state.isStopping = true
            return state.mailbox
        }
        mailbox?.post(.stop(grace: configuration.stopGrace))
    }

    /// `idle` is called when everything is settled and committed that was read to the ends of the logs.
    private func keepMembership(idle: @escaping @Sendable () -> Void) async throws {
        while true {
            let end = try await oneMembership(idle: idle)
            if let error = end.consumer.error {
                let instance = configuration.kafka["group.instance.id"]
                throw error.name == "FENCED_INSTANCE_ID"
                    ? WorkerError.fenced(instance: instance ?? "", error) : WorkerError.consumerFailed(error)
            }
            guard end.gaveUp, !Task.isCancelled, !state.withLock({ $0.isStopping }) else { return }
            logger.warning("Joining the group anew")
        }
    }

    private func oneMembership(
        idle: @escaping @Sendable () -> Void
    ) async throws -> (consumer: ConsumerEnd, gaveUp: Bool) {
        let mailbox = Mailbox()
        let (requests, continuation) = AsyncStream.makeStream(of: EngineRequest.self)
        let engine = Engine(
            configuration: configuration, mailbox: mailbox, requests: continuation, logger: logger, metrics: metrics,
            board: board, idle: idle)
        let consumer = try Consumer(
            topic: configuration.settlement.topic, group: configuration.settlement.group,
            properties: configuration.kafka, delegate: engine, log: logger.kafkaLog)
        mailbox.connect { consumer.wake() }
        board.begin(consumer)
        defer { board.end() }
        metrics.memberships.increment()
        let isStopping = state.withLock { state in
            state.mailbox = mailbox
            return state.isStopping
        }
        if isStopping { mailbox.post(.stop(grace: .zero)) }

        let calls = CallRunner(
            settings: configuration.settlement, client: client, mailbox: mailbox, logger: logger)
        let deadLetters = DeadLetterWriter(configuration: configuration, mailbox: mailbox, logger: logger)
        let logEnds = LogEndReader(configuration: configuration, mailbox: mailbox, logger: logger)
        consumer.start()
        let end = await withTaskCancellationHandler {
            await withDiscardingTaskGroup { group in
                group.addTask(executorPreference: calls.executor) {
                    await Self.serve(requests, calls, deadLetters, logEnds)
                }
                let end = await consumer.finished()
                continuation.finish()
                // Nobody hears of a delivery any more, so nobody waits for one.
                await deadLetters.close()
                return end
            }
        } onCancel: {
            // The calls end with the task: there is nothing to wait for.
            mailbox.post(.stop(grace: .zero))
        }
        state.withLock { $0.mailbox = nil }
        return (end, mailbox.hasGivenUp)
    }

    /// Ends when the consumer has: then nobody waits for an answer.
    private static func serve(
        _ requests: AsyncStream<EngineRequest>, _ calls: CallRunner, _ deadLetters: DeadLetterWriter,
        _ logEnds: LogEndReader
    ) async {
        await withDiscardingTaskGroup { group in
            for await request in requests {
                switch request {
                case .call(let call, let trace):
                    group.addTask(executorPreference: calls.executor(for: call)) { await calls.run(call, trace: trace) }
                case .deadLetter(let request, let records):
                    group.addTask(executorPreference: globalConcurrentExecutor) {
                        await deadLetters.write(request, records)
                    }
                case .logEnds(let partitions):
                    group.addTask(executorPreference: globalConcurrentExecutor) { await logEnds.read(partitions) }
                }
            }
            group.cancelAll()
        }
    }
}

/// Why a worker ended that was not asked to.
package enum WorkerError: Error, CustomStringConvertible {
    /// Another member of the group has taken this one's `group.instance.id`.
    case fenced(instance: String, KafkaError)
    /// librdkafka called an error fatal.
    case consumerFailed(KafkaError)

    package var description: String {
        switch self {
        case .fenced(let instance, let error):
            "another worker of the group has the instance id \(instance): give each its own by --instance-id, or use "
                + "--membership dynamic (\(error))"
        case .consumerFailed(let error): "the consumer failed for good: \(error)"
        }
    }
}

extension Logger {
    /// librdkafka's lines, at the level they come with (syslog's numbers).
    var kafkaLog: KafkaLog {
        { level, facility, message in
            let level: Logger.Level =
                switch level {
                case ...3: .error
                case 4: .warning
                case 5: .notice
                case 6: .info
                default: .debug
                }
            // librdkafka reports every broken connection as an error and heals it by itself.
            self.log(
                level: min(level, .warning), "librdkafka", metadata: ["facility": "\(facility)", "line": "\(message)"])
        }
    }
}
