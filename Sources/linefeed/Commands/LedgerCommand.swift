internal import ArgumentParser
internal import FoundationEssentials
internal import Kafka
internal import Labelling
internal import Settlement
internal import Telemetry
internal import Worker

struct LedgerCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "ledger",
        abstract: "What a group remembers, partition by partition: how far it is, and what holds it up.",
        discussion: """
            Reads the committed offsets of the group and the ledgers beside them, without joining the group. The \
            committed offset is the lowest one that is not settled; a dataset that waits keeps it where it is, and the \
            ledger says how far the others have come meanwhile.

            --reset drops the ledger of one partition, for a group that is stopped: its next owner reads on from the \
            committed offset and knows nothing of what was settled above it, so it applies that again. The final \
            entries are the same.
            """)

    @OptionGroup var configurationFile: ConfigurationOptions
    @OptionGroup var kafka: KafkaOptions

    @Option(help: "The consumer group.")
    var group = "linefeed"

    @Flag(help: "One JSON document for programs.")
    var json = false

    @Option(help: ArgumentHelp("Drop the ledger of this partition.", valueName: "partition"))
    var reset: Int32?

    @Flag(help: "With --reset: do not ask.")
    var yes = false

    func run() async throws {
        if let reset { return try await drop(reset) }
        let inspector = try LedgerInspector(kafka: kafka.kafkaProperties, group: group, topic: kafka.topic)
        let report = LedgerReport(
            group: group, topic: kafka.topic, partitions: try await inspector.partitions(), now: .now)
        say(json ? try report.json() : report.text)
    }

    private func drop(_ partition: Int32) async throws {
        let inspector = try LedgerInspector(kafka: kafka.kafkaProperties, group: group, topic: kafka.topic)
        let states = try await inspector.partitions()
        guard let state = states.first(where: { $0.partition == partition }) else {
            throw ValidationError("--reset \(partition): \(kafka.topic) has no such partition.")
        }
        guard let committed = state.committed else {
            throw CommandFailure("group \(group) has committed nothing for partition \(partition): nothing to drop")
        }
        if !yes {
            say(LedgerReport(group: group, topic: kafka.topic, partitions: [state], now: .now).text)
            Console.shared.line("Type the partition's number to drop this ledger: ")
            guard readLine() == String(partition) else { throw CommandFailure("nothing was changed") }
        }
        try await StoppedGroup.commit(
            OffsetCommit(partition: partition, offset: committed, metadata: ""), kafka: kafka.kafkaProperties,
            group: group, topic: kafka.topic, partitionCount: states.count, timeout: .seconds(60))
        say("Partition \(partition) stays at offset \(committed); its ledger is gone.")
    }
}
