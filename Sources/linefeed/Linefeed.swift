internal import ArgumentParser
internal import FoundationEssentials
internal import Telemetry

#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

@main
struct Linefeed: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "linefeed",
        abstract: "Labelling events from Kafka into datasets, exactly once.",
        discussion: """
            Labelling apps publish events to a Kafka topic. A pool of `linefeed run` workers groups them per dataset \
            and sends each group to UpdateDatasetEntries of the Amazon Lookout for Vision API, wherever it is served: \
            `linefeed serve` serves it.

            To see it all on this machine:        linefeed demo
            To try it by hand, in four terminals:
              linefeed broker --topic labelling:4
              linefeed serve --port 8080 --database /tmp/datasets.sqlite
              linefeed publish boards.manifest --brokers ADDRESS --topic labelling --project boards --dataset-type train
              linefeed run --brokers ADDRESS --topic labelling --endpoint http://127.0.0.1:8080 \
            --on-missing-dataset create --until-end

            What a flag does not say, the environment (LINEFEED_…) and then a YAML file (--config) may: see \
            `linefeed config`.
            """,
        version: "0.1.0",
        subcommands: [
            DemoCommand.self, RunCommand.self, ServeCommand.self, PublishCommand.self, ExportCommand.self,
            BackupCommand.self, RestoreCommand.self, LedgerCommand.self, DeadLettersCommand.self, CheckCommand.self,
            ConfigCommand.self, BrokerCommand.self,
        ])

    static func main() async {
        let effective: EffectiveConfiguration
        do {
            effective = try await EffectiveConfiguration(
                arguments: Array(CommandLine.arguments.dropFirst()), variables: ProcessInfo.processInfo.environment)
        } catch {
            _ = Descriptor.standardError.write("Error: \(error)\n")
            Glibc.exit(ConfigurationError.exitStatus)
        }
        do {
            var command = try await asyncParseAsRoot(effective.arguments)
            if var command = command as? any AsyncParsableCommand {
                try await command.run()
            } else {
                try command.run()
            }
        } catch let error as ConfigurationError {
            _ = Descriptor.standardError.write("Error: \(error)\n")
            Glibc.exit(ConfigurationError.exitStatus)
        } catch {
            for origin in effective.origins(namedIn: message(for: error)) {
                _ = Descriptor.standardError.write("\(origin)\n")
            }
            exit(withError: error)
        }
    }
}
