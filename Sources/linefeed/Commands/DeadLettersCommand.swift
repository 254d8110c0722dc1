internal import ArgumentParser
internal import Telemetry
internal import Worker

struct DeadLettersCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "dead-letters",
        abstract: "Look at what was refused, and send it again.",
        subcommands: [DeadLettersListCommand.self, DeadLettersReplayCommand.self])
}

struct DeadLettersListCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "The records that were refused, where they came from, and why.",
        discussion: """
            Reads the dead-letter topic from its beginning to its end, without a group. A dead letter that a worker \
            wrote again, because it died before it could settle it, is shown once, with the number of its copies.
            """)

    @OptionGroup var configurationFile: ConfigurationOptions
    @OptionGroup var options: DeadLetterOptions

    @Flag(help: "JSON Lines for programs, with key, value and headers.")
    var json = false

    func run() async throws {
        try await options.explained {
            let topic = try options.makeTopic()
            let wanted = try await topic.index(options.filter).wanted
            let table = DeadLetterTable(topic: options.kafka.topic, columns: Descriptor.standardOutput.columns)
            if !json, !wanted.isEmpty { try write(table.head) }
            try await topic.forEachLetter(wanted) { letter in
                try write(json ? try DeadLetterDocument(letter).line() : table.row(letter))
            }
            if !json { try write(DeadLetterTable.summary(of: wanted, in: topic.name)) }
        }
    }

    private func write(_ line: String) throws {
        guard Descriptor.standardOutput.write(line + "\n") else {
            throw CommandFailure("standard output was closed before everything was written")
        }
    }
}
