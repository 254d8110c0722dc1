internal import ArgumentParser
internal import Logging
internal import Telemetry
internal import Worker

struct DeadLettersReplayCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "replay",
        abstract: "Send refused records back to where they came from, each once.",
        discussion: """
            Each record goes back to its topic and partition with the key, value and headers it had, and with \
            linefeed-replayed-from naming the dead letter; its time is now. A worker then takes it like any other, so \
            a replayed label wins over labels of the same image that came meanwhile. What is refused again becomes a \
            new dead letter.

            May be killed at any time and started again: a transaction writes each record together with a note that \
            it was replayed. Of two replays of one topic the later one goes on, the earlier one ends. The transactional \
            id is linefeed-replay-TOPIC, TOPIC being the dead letters'; with access control it needs Write and \
            Describe on it, and Write on the topics.
            """)

    @OptionGroup var configurationFile: ConfigurationOptions
    @OptionGroup var options: DeadLetterOptions

    @Option(help: ArgumentHelp("Send them all to this topic instead.", valueName: "topic"))
    var to: String?

    @Flag(help: "Show what would be sent, and send nothing.")
    var dryRun = false

    @Flag(help: "Do not ask.")
    var yes = false

    @OptionGroup var log: LogOptions

    func validate() throws {
        if let to, to.isEmpty || to == options.topicName {
            throw ValidationError("--to takes the name of a topic, and not that of the dead letters themselves.")
        }
    }

    func run() async throws {
        let logger = log.makeLogger("linefeed")
        try await options.explained {
            let topic = try options.makeTopic()
            let replay = DeadLetterReplay(
                kafka: options.kafka.kafkaProperties, topic: topic, filter: options.filter, destination: to,
                log: { _, _, message in logger.debug("librdkafka", metadata: ["line": "\(message)"]) })
            if dryRun { return try await show(try await replay.plan(), of: topic, replay) }
            if Console.shared.isTerminal, !yes { try confirm(try await replay.plan(), replay) }
            let report = try await replay.run { sent, total in
                if Console.shared.isTerminal { Console.shared.progress("\(sent) of \(total) dead letters replayed") }
            }
            Console.shared.endProgress()
            say(words(report))
        }
    }

    private func show(_ plan: DeadLetterReplay.Plan, of topic: DeadLetterTopic, _ replay: DeadLetterReplay) async throws
    {
        let table = DeadLetterTable(topic: options.kafka.topic, columns: Descriptor.standardOutput.columns)
        if !plan.pending.isEmpty { say(table.head) }
        try await topic.forEachLetter(plan.pending) { say(table.row($0)) }
        say("\(count(plan.pending.count)) would be replayed\(destinations(of: plan, replay)); nothing was sent.")
        for line in remarks(before: plan.replayed, homeless: plan.homeless.count) { say(line) }
    }

    private func confirm(_ plan: DeadLetterReplay.Plan, _ replay: DeadLetterReplay) throws {
        guard !plan.pending.isEmpty else { return }
        Console.shared.line(
            "\(count(plan.pending.count)) will be sent\(destinations(of: plan, replay)). Type yes to go on: ")
        guard readLine() == "yes" else { throw CommandFailure("nothing was sent") }
    }

    private func destinations(of plan: DeadLetterReplay.Plan, _ replay: DeadLetterReplay) -> String {
        let topics = Set(plan.pending.compactMap(replay.target)).sorted()
        return topics.isEmpty ? "" : " to " + topics.joined(separator: ", ")
    }

    private func words(_ report: DeadLetterReplay.Report) -> String {
        var lines = ["\(count(report.sent)) replayed."]
        lines += remarks(before: report.replayedBefore, homeless: report.homeless)
        if report.gone > 0 { lines.append("\(report.gone) were removed by the topic's retention meanwhile.") }
        if report.incomplete > 0 {
            lines.append(
                "\(report.incomplete) were too large for \(options.topicName) and are gone from where they came from: "
                    + "their values are lost.")
        }
        return lines.joined(separator: "\n")
    }

    private func remarks(before: Int, homeless: Int) -> [String] {
        var lines: [String] = []
        if before > 0 { lines.append("\(before) had been replayed before.") }
        if homeless > 0 { lines.append("\(homeless) do not say where they came from: name a topic with --to.") }
        return lines
    }

    private func count(_ number: Int) -> String { number == 1 ? "1 dead letter" : "\(number) dead letters" }
}
