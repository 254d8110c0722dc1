internal import ArgumentParser
internal import FoundationEssentials

struct CheckCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check",
        abstract: "Whether a worker could work here: one line for each thing it needs.",
        discussion: """
            Looks at the configuration, the cluster, the topic, the group, the dead-letter topic, the credentials, the \
            endpoint and, with --project, a project's datasets. Nothing is written, and the group is not joined.

            Ends with status 0 if a worker could start, 1 if something has to be mended first; each such line says \
            what to do.
            """)

    @OptionGroup var configurationFile: ConfigurationOptions
    @OptionGroup var kafka: KafkaOptions
    @OptionGroup var endpoint: EndpointOptions

    @Option(help: "The consumer group.")
    var group = "linefeed"

    @Option(help: "Where refused records go; by default the topic's name and .dead-letters.")
    var deadLetterTopic: String?

    @Option(help: "A project whose datasets the worker will update. May be repeated.")
    var project: [String] = []

    @Option(help: ArgumentHelp("How long each answer may take.", valueName: "time"))
    var timeout = TimeSpan(.seconds(10))

    func run() async throws {
        var failures = 0
        func report(_ findings: [Finding]) {
            for finding in findings {
                if finding.verdict == .bad { failures += 1 }
                say(finding.line)
            }
        }
        report([await configurationFinding()])
        let cluster = ClusterCheck(
            properties: kafka.kafkaProperties, topic: kafka.topic, group: group,
            deadLetterTopic: deadLetterTopic ?? "\(kafka.topic).dead-letters", timeout: timeout.duration)
        report(await cluster.findings())
        let api = EndpointCheck(options: endpoint, projects: project, timeout: timeout.duration)
        report(await api.findings())
        if failures > 0 { throw ExitCode.failure }
    }

    /// The worker's whole configuration, also what this command has no use for.
    private func configurationFinding() async -> Finding {
        do {
            var flags: [String] = []
            if let path = configurationFile.config { flags = ["--config", path] }
            let effective = try await EffectiveConfiguration(
                arguments: ["run"] + flags, variables: ProcessInfo.processInfo.environment)
            do {
                _ = try Linefeed.parseAsRoot(effective.arguments)
            } catch {
                let message = Linefeed.message(for: error)
                return .bad("configuration", ([message] + effective.origins(namedIn: message)).joined(separator: "; "))
            }
            let places = Set(effective.sources.map { $0.value.place.prefix { $0 != ":" } }).sorted()
            return .good(
                "configuration",
                places.isEmpty
                    ? "flags and defaults alone"
                    : "\(effective.sources.count) values from \(places.joined(separator: ", "))")
        } catch {
            return .bad("configuration", "\(error)")
        }
    }
}
