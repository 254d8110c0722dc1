internal import ArgumentParser
internal import Kafka
internal import Logging
internal import ServiceLifecycle
internal import Telemetry
internal import UnixSignals

struct BrokerCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "broker",
        abstract: "An embedded Kafka cluster for other processes: to try things out, not to keep data.",
        discussion: """
            It speaks the real protocol on loopback TCP and chooses its own ports; the first line on standard output \
            is bootstrap.servers=ADDRESS. Nothing is on disk, and of each partition only about the last 5 MB are kept.

            With --faults it reads faults from standard input, one a line, and answers each with ok or error and why:

            \(BrokerFault.help)
            """)

    @Option(
        help: ArgumentHelp(
            "A topic to create, with its number of partitions. May be repeated.", valueName: "name:partitions"))
    var topic: [TopicDefinition] = []

    @Option(help: ArgumentHelp("Partitions of a topic that is given without their number.", valueName: "n"))
    var partitions = 4

    @Option(help: ArgumentHelp("Brokers of the cluster.", valueName: "n"))
    var brokers = 1

    @Flag(help: "Take faults from standard input.")
    var faults = false

    @OptionGroup var log: LogOptions

    func validate() throws {
        guard (1...10).contains(brokers) else { throw ValidationError("--brokers takes 1 to 10.") }
        for count in [partitions] + topic.compactMap(\.partitions) where !(1...1000).contains(count) {
            throw ValidationError("A topic has 1 to 1000 partitions, not \(count).")
        }
    }

    func run() async throws {
        let logger = log.makeLogger("linefeed")
        let cluster = try EmbeddedCluster(
            brokers: brokers,
            topics: (topic.isEmpty ? [TopicDefinition(name: "labelling-events")] : topic).map {
                ($0.name, $0.partitions ?? partitions)
            })
        say("bootstrap.servers=\(cluster.bootstrapServers)")
        if faults { BrokerFaults.listen(for: cluster) }
        try await ServiceGroup(
            services: [WaitForShutdown()], gracefulShutdownSignals: [.sigterm, .sigint], logger: logger
        ).run()
        cluster.destroy()
    }
}

/// `name` or `name:partitions`.
struct TopicDefinition: ExpressibleByArgument {
    var name: String
    var partitions: Int?

    init(name: String, partitions: Int? = nil) {
        self.name = name
        self.partitions = partitions
    }

    init?(argument: String) {
        let parts = argument.split(separator: ":", omittingEmptySubsequences: false)
        guard let name = parts.first, !name.isEmpty, parts.count <= 2 else { return nil }
        self.name = String(name)
        guard parts.count == 2 else { return }
        guard let count = Int(parts[1]) else { return nil }
        partitions = count
    }
}

/// Runs until a shutdown is asked for; the work goes on in threads of its own.
private struct WaitForShutdown: Service {
    func run() async throws { try await gracefulShutdown() }
}
