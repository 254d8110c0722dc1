internal import ArgumentParser
internal import FoundationEssentials
internal import Kafka

/// Where the topic is.
struct KafkaOptions: ParsableArguments {
    @Option(help: ArgumentHelp("The cluster's bootstrap servers.", valueName: "host:port,…"))
    var brokers = "localhost:9092"

    @Option(help: "The topic of the labelling events.")
    var topic = "labelling-events"

    @Option(
        name: .customLong("kafka"),
        help: ArgumentHelp(
            "Any librdkafka property, such as security.protocol=ssl; name=@file takes the value from a file, which keeps "
                + "secrets out of the list of processes. May be repeated.", valueName: "name=value"))
    var properties: [KafkaProperty] = []

    /// Everything for librdkafka, the properties given by name last.
    var kafkaProperties: KafkaProperties {
        // `validate` has told what can be wrong with the others.
        (try? withTokens()) ?? plainProperties
    }

    private var plainProperties: KafkaProperties {
        var result: KafkaProperties = ["bootstrap.servers": brokers, "client.id": "linefeed"]
        for property in properties { result[property.name] = property.value }
        return result
    }

    private func withTokens() throws(KafkaTokens.Mistake) -> KafkaProperties {
        var result = plainProperties
        try KafkaTokens.install(in: &result)
        return result
    }

    func validate() throws {
        guard !brokers.isEmpty else { throw ValidationError("--brokers is empty: give at least one host:port.") }
        guard !topic.isEmpty, !topic.hasPrefix("^") else {
            throw ValidationError("--topic takes the name of one topic; patterns are not taken.")
        }
        for property in properties {
            if let mistake = property.mistake { throw ValidationError("--kafka \(property.name): \(mistake)") }
        }
        do {
            _ = try withTokens()
        } catch {
            throw ValidationError("--kafka \(error)")
        }
    }
}

/// `name=value`, or `name=@path` for a value in a file, without the line end at its end; `name=@@…` is a value that begins
/// with an at sign.
struct KafkaProperty: ExpressibleByArgument {
    var name: String
    var value: String
    /// Why there is no value.
    var mistake: String?

    init?(argument: String) {
        guard let separator = argument.firstIndex(of: "="), separator != argument.startIndex else { return nil }
        name = String(argument[..<separator])
        value = String(argument[argument.index(after: separator)...])
        if value.hasPrefix("@@") {
            value.removeFirst()
        } else if value.hasPrefix("@") {
            readFile(String(value.dropFirst()))
        }
    }

    private mutating func readFile(_ path: String) {
        value = ""
        guard let data = FileManager.default.contents(atPath: path) else {
            mistake = "the file \(path) cannot be read"
            return
        }
        guard var text = String(validating: data, as: UTF8.self) else {
            mistake = "the file \(path) is not UTF-8"
            return
        }
        if text.last?.isNewline ?? false { text.removeLast() }
        value = text
    }
}
