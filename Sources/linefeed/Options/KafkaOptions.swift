internal import ArgumentParser
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
            "Any librdkafka property, such as security.protocol=ssl. May be repeated.", valueName: "name=value"))
    var properties: [KafkaProperty] = []

    /// Everything for librdkafka, the properties given by name last.
    var kafkaProperties: KafkaProperties {
        var result: KafkaProperties = ["bootstrap.servers": brokers, "client.id": "linefeed"]
        for property in properties { result[property.name] = property.value }
        return result
    }

    func validate() throws {
        guard !brokers.isEmpty else { throw ValidationError("--brokers is empty: give at least one host:port.") }
        guard !topic.isEmpty, !topic.hasPrefix("^") else {
            throw ValidationError("--topic takes the name of one topic; patterns are not taken.")
        }
    }
}

struct KafkaProperty: ExpressibleByArgument {
    var name: String
    var value: String

    init?(argument: String) {
        guard let separator = argument.firstIndex(of: "="), separator != argument.startIndex else { return nil }
        name = String(argument[..<separator])
        value = String(argument[argument.index(after: separator)...])
    }
}
