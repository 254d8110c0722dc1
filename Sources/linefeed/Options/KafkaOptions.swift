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

    /// Properties that exactly-once rests on.
    private static let fixed = [
        "group.id": "give --group",
        "enable.auto.commit": "offsets are committed once the update has ended",
        "auto.commit.enable": "offsets are committed once the update has ended",
        "enable.auto.offset.store": "offsets are committed once the update has ended",
        "enable.partition.eof": "ends of partitions are always looked at",
    ]

    private static func isOfTopicName(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "-"):
            true
        default: false
        }
    }

    func validate() throws {
        guard !brokers.isEmpty else { throw ValidationError("--brokers is empty: give at least one host:port.") }
        guard (1...249).contains(topic.utf8.count), topic.utf8.allSatisfy(Self.isOfTopicName) else {
            throw ValidationError("--topic takes the name of one topic: 1 to 249 letters, digits, dots, _ and -.")
        }
        for property in properties {
            if let instead = Self.fixed[property.name] {
                throw ValidationError("--kafka \(property.name) is not to be chosen: \(instead).")
            }
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
