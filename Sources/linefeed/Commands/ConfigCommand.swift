internal import ArgumentParser
internal import FoundationEssentials

struct ConfigCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "config",
        abstract: "What a command would use here, and where each value comes from.",
        discussion: """
            linefeed config run --config worker.yaml     what `linefeed run --config worker.yaml` would use
            linefeed config serve                        what `linefeed serve` would use
            linefeed config --keys                       all keys, as a table
            linefeed config --example                    a commented configuration file with every key

            Values that may be secrets are not shown.
            """)

    @Flag(help: "List all keys, with their variables and defaults, as a Markdown table.")
    var keys = false

    @Flag(help: "Write a configuration file with every key, commented out.")
    var example = false

    @Argument(
        parsing: .captureForPassthrough, help: ArgumentHelp("A command with its flags.", valueName: "command …"))
    var arguments: [String] = []

    func validate() throws {
        guard !(keys && example) else { throw ValidationError("--keys and --example are two different things.") }
    }

    func run() async throws {
        if keys { return say(ConfigurationReference.table(of: SettingCatalog.all)) }
        if example { return say(ConfigurationReference.exampleFile) }
        // What follows may be flags alone: the worker's.
        let arguments = CommandLineScan(self.arguments).path.isEmpty ? ["run"] + self.arguments : self.arguments
        let effective = try await EffectiveConfiguration(
            arguments: arguments, variables: ProcessInfo.processInfo.environment)
        let settings = SettingCatalog.taken(by: effective.scan.command)
        guard !settings.isEmpty else {
            throw ValidationError("\(effective.scan.path.joined(separator: " ")) takes its flags alone.")
        }
        // The values are looked at as the command would look at them.
        _ = try Linefeed.parseAsRoot(effective.arguments)
        say(effective.description(of: settings))
    }
}
