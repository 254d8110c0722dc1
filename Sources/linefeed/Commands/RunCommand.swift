internal import ArgumentParser
internal import DatasetClient
internal import Kafka
internal import Logging
internal import ServiceLifecycle
internal import Settlement
internal import Telemetry
internal import UnixSignals
internal import Worker

struct RunCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run",
        abstract: "One worker of the pool: reads the topic and settles what it reads.",
        discussion: """
            Start as many as you like, with the same --group: Kafka shares the partitions out among them, and any of \
            them may be killed at any time. Offsets are committed only after the updates they stand for have reached \
            a terminal status; what was in flight is remembered beside the committed offset.

            SIGTERM and SIGINT stop it cleanly within a few seconds.
            """)

    @OptionGroup var configurationFile: ConfigurationOptions
    @OptionGroup var kafka: KafkaOptions
    @OptionGroup var membership: MembershipOptions
    @OptionGroup var endpoint: EndpointOptions
    @OptionGroup var telemetry: TelemetryOptions
    @OptionGroup var log: LogOptions

    @Option(help: "The consumer group, common to the pool.")
    var group = "linefeed"

    @Option(
        help: ArgumentHelp(
            "How long a dataset's first event waits for company at most: 250ms, 2s, 1m.", valueName: "time"))
    var linger = TimeSpan(.seconds(1))

    @Option(help: ArgumentHelp("Batches sent at a time; up to twice as many more are recorded ahead.", valueName: "n"))
    var concurrency = 32

    @Option(help: ArgumentHelp("Events held in memory at most: 64MB, 128MiB, 1GiB.", valueName: "size"))
    var memory = ByteCount(128 << 20)

    @Option(help: ArgumentHelp("Events of one batch at most.", valueName: "n"))
    var batchLines = 50_000

    @Option(help: ArgumentHelp("Bytes of one batch at most: 500kB, 4MiB; the API takes 10485760.", valueName: "size"))
    var batchBytes = ByteCount(10_485_760)

    @Option(help: "What to do when a project or dataset does not exist: wait, create or dead-letter.")
    var onMissingDataset = MissingDatasetPolicy.wait

    @Option(
        help: ArgumentHelp(
            "What to do with records that are no labelling events, and with lines that the API refuses each alone: "
                + "dead-letter, or halt (their lane waits, the offset is held, other lanes go on)."))
    var onInvalid = InvalidEventPolicy.deadLetter

    @Option(help: "Where refused records go; by default the topic's name and .dead-letters.")
    var deadLetterTopic: String?

    @Option(
        help: ArgumentHelp(
            "Report a partition that has something to settle and does not get on for so long: 30s, 5m, 1h.",
            valueName: "time"))
    var stallAfter = TimeSpan(.seconds(300))

    @Flag(help: "Settle what is in the topic now, then end with status 0.")
    var untilEnd = false

    func validate() throws {
        guard !group.isEmpty else { throw ValidationError("--group is empty.") }
        guard (1...10_000).contains(concurrency) else {
            throw ValidationError("--concurrency takes 1 to 10000.")
        }
        guard batchLines >= 1 else { throw ValidationError("--batch-lines takes at least 1.") }
        guard (8192 * 4...10_485_760).contains(batchBytes.bytes) else {
            throw ValidationError("--batch-bytes takes 32768 (one longest line) to 10485760 (the API's limit).")
        }
        guard linger.duration <= .seconds(3600) else { throw ValidationError("--linger takes at most 1h.") }
        guard deadLetterTopic != kafka.topic, deadLetterTopic?.isEmpty != true else {
            throw ValidationError("--dead-letter-topic takes a topic of its own, or refused records would come back.")
        }
        guard memory.bytes >= 1 << 20 else { throw ValidationError("--memory takes at least 1MiB.") }
    }

    func run() async throws {
        let logger = log.makeLogger("linefeed")
        var configuration = workerConfiguration
        let slot = try membership.name(&configuration.kafka, group: group, untilEnd: untilEnd)
        defer { withExtendedLifetime(slot) {} }
        if let instance = configuration.kafka["group.instance.id"] {
            logger.info("Static member of the group", metadata: ["group": "\(group)", "instance": "\(instance)"])
        }
        let client = try endpoint.makeClient()
        let metrics = PrometheusMetrics(logger: logger)
        metrics.addCollector { ProcessMetrics.collect() }
        let worker = Worker(
            configuration: configuration, client: client, logger: logger, metrics: WorkerMetrics(factory: metrics))
        var services = [
            // The worker's end, for whatever reason, is the process's.
            ServiceGroupConfiguration.ServiceConfiguration(
                service: worker, successTerminationBehavior: .gracefullyShutdownGroup)
        ]
        if let server = telemetry.makeServer(of: worker, metrics: metrics, logger: logger) {
            services.append(.init(service: server))
        }
        if Console.shared.isTerminal {
            services.append(.init(service: WorkerProgress(worker: worker)))
        }
        var group = ServiceGroupConfiguration(
            services: services, gracefulShutdownSignals: [.sigterm, .sigint], logger: logger)
        group.maximumGracefulShutdownDuration = .seconds(30)
        let outcome = await Result.catching { [group] in try await ServiceGroup(configuration: group).run() }
        await client.shutdown()
        Console.shared.endProgress()
        try outcome.get()
        logger.info("Stopped", metadata: ["settled": "\(worker.summary.counters.eventsSettled)"])
    }

    private var workerConfiguration: WorkerConfiguration {
        var settings = Settings(group: group, topic: kafka.topic)
        settings.linger = linger.duration
        settings.concurrency = concurrency
        settings.memoryBytes = memory.bytes
        settings.batchLines = batchLines
        settings.batchBytes = batchBytes.bytes
        settings.onMissingDataset = onMissingDataset
        settings.onInvalid = onInvalid
        settings.stallAfter = stallAfter.duration
        var configuration = WorkerConfiguration(kafka: kafka.kafkaProperties, settlement: settings)
        configuration.untilEnd = untilEnd
        if let deadLetterTopic { configuration.deadLetterTopic = deadLetterTopic }
        return configuration
    }
}

extension MissingDatasetPolicy: ExpressibleByArgument {}
extension InvalidEventPolicy: ExpressibleByArgument {}

extension Result where Failure == any Error {
    static func catching(_ body: () async throws -> Success) async -> Result {
        do { return .success(try await body()) } catch { return .failure(error) }
    }
}
