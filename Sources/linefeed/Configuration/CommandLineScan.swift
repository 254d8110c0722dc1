internal import ArgumentParser

/// What can be told of a command line before it is parsed.
struct CommandLineScan {
    /// The names of the command and its parents.
    let path: [String]
    let command: any ParsableCommand.Type
    /// What follows the command's name.
    let rest: [String]

    init(_ arguments: [String], root: any ParsableCommand.Type = Linefeed.self) {
        var command = root
        var path: [String] = []
        for argument in arguments {
            guard let next = command.configuration.subcommands.first(where: { $0._commandName == argument }) else {
                break
            }
            command = next
            path.append(argument)
        }
        self.path = path
        self.command = command
        rest = Array(arguments.dropFirst(path.count))
    }

    /// Whether a flag is on the command line itself.
    func has(_ flag: String) -> Bool {
        rest.prefix { $0 != "--" }.contains { $0 == "--\(flag)" || $0.hasPrefix("--\(flag)=") }
    }

    /// The values of a flag on the command line itself, in order; none for a flag that takes none.
    func values(of flag: String) -> [String] {
        let flags = rest.prefix { $0 != "--" }
        return flags.indices.compactMap { index in
            if flags[index].hasPrefix("--\(flag)=") { return String(flags[index].dropFirst(flag.utf8.count + 3)) }
            guard flags[index] == "--\(flag)", flags.index(after: index) < flags.endIndex else { return nil }
            return flags[flags.index(after: index)]
        }
    }
}
