internal import ArgumentParser
internal import FoundationEssentials

/// The settings of the two commands that run for long. Other commands share some of the worker's.
enum SettingCatalog {
    /// The worker's.
    static let worker: [Setting] = settings(of: RunCommand.self, section: [])
    /// The service's.
    static let service: [Setting] = settings(of: ServeCommand.self, section: ["serve"])
    static let all: [Setting] = worker + service

    /// What of the environment and the configuration file a command takes: all of it, if it is `run` or `serve`, else
    /// the worker's settings that are flags of the command too. `demo` and `broker` bring their own world with them.
    static func taken(by command: any ParsableCommand.Type) -> [Setting] {
        switch command {
        case is RunCommand.Type: return worker
        case is ServeCommand.Type: return service
        case is DemoCommand.Type, is BrokerCommand.Type: return []
        default:
            let own = settings(of: command, section: [])
            return worker.filter { setting in own.contains { $0.name == setting.name && $0.shape == setting.shape } }
        }
    }

    private static let notSettings: Set = ["help", "version", "config"]

    private static func settings(of command: any ParsableCommand.Type, section: [String]) -> [Setting] {
        let help: CommandHelp
        do {
            help = try JSONDecoder().decode(CommandHelp.self, from: Data(command._dumpHelp().utf8))
        } catch {
            preconditionFailure("what the command line says of itself is not understood: \(error)")
        }
        return (help.command.arguments ?? []).compactMap { Setting($0, section: section) }
            .filter { !notSettings.contains($0.name) }
    }
}

/// What ArgumentParser says of a command: the part of its `--experimental-dump-help` that matters here.
private struct CommandHelp: Decodable {
    struct Command: Decodable {
        var arguments: [Argument]?
    }

    struct Argument: Decodable {
        struct Name: Decodable {
            var kind: String
            var name: String
        }

        var kind: String
        var names: [Name]?
        var isRepeating: Bool
        var valueName: String?
        var defaultValue: String?
        var allValues: [String]?
        var abstract: String?
    }

    var command: Command
}

extension Setting {
    fileprivate init?(_ argument: CommandHelp.Argument, section: [String]) {
        guard let name = argument.names?.first(where: { $0.kind == "long" })?.name else { return nil }
        self.name = name
        placeholder = argument.valueName ?? name
        shape =
            switch (argument.kind, argument.isRepeating) {
            case ("flag", _): .switchedOn
            case (_, true): placeholder == "name=value" ? .mapping : .list
            case (_, false): .value
            }
        standard = argument.defaultValue
        words = shape == .switchedOn ? ["true", "false"] : argument.allValues ?? []
        help = argument.abstract ?? ""
        self.section = section
    }
}
