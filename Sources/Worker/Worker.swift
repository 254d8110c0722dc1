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
    private let state = Mutex(State())
    private let published = Mutex(Settlement.Summary())

    private struct State {
        var mailbox: Mailbox?
        var isStopping = false
    }

    package init(configuration: WorkerConfiguration, client: DatasetClient, logger: Logger) {
        self.configuration = configuration
        self.client = client
        self.logger = logger
    }

    /// What the worker is doing, at most a fraction of a second old. Its counters speak of all memberships so far.
    package var status: Settlement.Summary { published.withLock { $0 } }

    /// - Throws: `WorkerError`, `KafkaError`.
    package func run() async throws {
        try await withGracefulShutdownHandler {
            try await work()
        } onGracefulShutdown: {
            self.stop()
        }
    }

    private func work() async throws {
        guard configuration.untilEnd else { return try await keepMembership() }
        let goal = try await DrainGoal(configuration: configuration, logger: logger)
        enum End { case goalReached, membershipOver }
        try await withThrowingTaskGroup(of: End.self) { group in
            group.addTask {
                try await self.keepMembership()
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

    private func keepMembership() async throws {
        while true {
            let end = try await oneMembership()
            if let error = end.consumer.error { throw WorkerError.consumerFailed(error) }
            guard end.gaveUp, !Task.isCancelled, !state.withLock({ $0.isStopping }) else { return }
            logger.warning("Joining the group anew")
        }
    }

    private func oneMembership() async throws -> (consumer: ConsumerEnd, gaveUp: Bool) {
        let mailbox = Mailbox()
        let (requests, continuation) = AsyncStream.makeStream(of: EngineRequest.self)
        let before = status.counters
        let engine = Engine(
            configuration: configuration, mailbox: mailbox, requests: continuation, logger: logger,
            publish: { [weak self] status in
                var status = status
                status.counters += before
                self?.published.withLock { [status] in $0 = status }
            })
        let consumer = try Consumer(
            topic: configuration.settlement.topic, group: configuration.settlement.group,
            properties: configuration.kafka, delegate: engine, log: logger.kafkaLog)
        mailbox.connect { consumer.wake() }
        let isStopping = state.withLock { state in
            state.mailbox = mailbox
            return state.isStopping
        }
        if isStopping { mailbox.post(.stop(grace: .zero)) }

        let calls = CallRunner(settings: configuration.settlement, client: client, mailbox: mailbox)
        let deadLetters = DeadLetterWriter(configuration: configuration, mailbox: mailbox, logger: logger)
        consumer.start()
        let end = await withTaskCancellationHandler {
            await withDiscardingTaskGroup { group in
                group.addTask { await Self.serve(requests, calls, deadLetters) }
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
        _ requests: AsyncStream<EngineRequest>, _ calls: CallRunner, _ deadLetters: DeadLetterWriter
    ) async {
        await withDiscardingTaskGroup { group in
            for await request in requests {
                group.addTask {
                    switch request {
                    case .call(let call): await calls.run(call)
                    case .deadLetter(let request, let records): await deadLetters.write(request, records)
                    }
                }
            }
            group.cancelAll()
        }
    }
}

/// Why a worker ended that was not asked to.
package enum WorkerError: Error, CustomStringConvertible {
    /// librdkafka called an error fatal: fenced by another member of the same `group.instance.id`, for one.
    case consumerFailed(KafkaError)

    package var description: String {
        switch self {
        case .consumerFailed(let error): "the consumer failed for good: \(error)"
        }
    }
}

extension Counters {
    static func += (sum: inout Counters, other: Counters) {
        sum.recordsRead += other.recordsRead
        sum.eventsSettled += other.eventsSettled
        sum.eventsReplayed += other.eventsReplayed
        sum.tombstones += other.tombstones
        sum.deadLetters += other.deadLetters
        sum.batchesSettled += other.batchesSettled
        sum.linesApplied += other.linesApplied
        sum.calls += other.calls
        sum.commits += other.commits
        sum.commitsFailed += other.commitsFailed
        sum.ledgersIgnored += other.ledgersIgnored
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
