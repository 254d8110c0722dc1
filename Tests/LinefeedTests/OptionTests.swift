import ArgumentParser
import Kafka
import Logging
import LookoutVision
import Settlement
import Telemetry
import Testing

@testable import linefeed

struct ValueTests {
    @Test(arguments: [
        ("250ms", Duration.milliseconds(250)), ("2s", .seconds(2)), ("1.5s", .milliseconds(1500)), ("3", .seconds(3)),
        ("5m", .seconds(300)), ("1h", .seconds(3600)), ("0", .zero),
    ])
    func aTimeSpan(_ text: String, _ duration: Duration) {
        #expect(TimeSpan(argument: text)?.duration == duration)
    }

    @Test(arguments: ["", "s", "-1s", "1d", "1 s", "٣s", "1e99s", ".", "1.2.3s"])
    func noTimeSpan(_ text: String) {
        #expect(TimeSpan(argument: text) == nil)
    }

    @Test(arguments: [("64", 64), ("64kB", 64_000), ("64KiB", 65_536), ("2MiB", 2 << 20), ("1GiB", 1 << 30)])
    func anAmountOfMemory(_ text: String, _ bytes: Int) {
        #expect(ByteCount(argument: text)?.bytes == bytes)
    }

    @Test(arguments: ["", "MiB", "-1", "1.5MiB", "1TiB", "99999999999999GiB", "1 MiB"])
    func noAmountOfMemory(_ text: String) {
        #expect(ByteCount(argument: text) == nil)
    }

    @Test func aPropertyMayHoldEqualsSigns() {
        let property = KafkaProperty(argument: "sasl.jaas.config=a=b;c=d")
        #expect(property?.name == "sasl.jaas.config")
        #expect(property?.value == "a=b;c=d")
        #expect(KafkaProperty(argument: "a=")?.value == "")
        #expect(KafkaProperty(argument: "=a") == nil)
        #expect(KafkaProperty(argument: "a") == nil)
    }

    @Test func aTopicWithAndWithoutItsPartitions() {
        #expect(TopicDefinition(argument: "events:8")?.partitions == 8)
        #expect(TopicDefinition(argument: "events")?.partitions == nil)
        for text in ["", ":4", "a:b", "a:1:2", "a:"] { #expect(TopicDefinition(argument: text) == nil) }
    }
}

struct CommandTests {
    private func message(_ arguments: [String]) throws -> String {
        let error = #expect(throws: (any Error).self) { try Linefeed.parseAsRoot(arguments) }
        return Linefeed.fullMessage(for: try #require(error))
    }

    @Test func runTakesItsDefaults() throws {
        let command = try #require(try Linefeed.parseAsRoot(["run"]) as? RunCommand)
        #expect(command.group == "linefeed")
        #expect(command.concurrency == 32)
        #expect(command.batchBytes.bytes == 10_485_760)
        #expect(command.onMissingDataset == .wait)
        #expect(!command.untilEnd)
        #expect(command.kafka.kafkaProperties["bootstrap.servers"] == "localhost:9092")
    }

    @Test func runTakesWhatItIsTold() throws {
        let command = try #require(
            try Linefeed.parseAsRoot([
                "run", "--brokers", "a:1,b:2", "--topic", "t", "--group", "g", "--linger", "250ms", "--concurrency",
                "3",
                "--until-end", "--on-missing-dataset", "dead-letter", "--memory", "64MiB", "--batch-lines", "10",
                "--kafka", "security.protocol=ssl", "--kafka", "bootstrap.servers=c:3", "--log-format", "json",
                "--log-level", "debug",
            ]) as? RunCommand)
        #expect(command.linger.duration == .milliseconds(250))
        #expect(command.onMissingDataset == .deadLetter)
        #expect(command.memory.bytes == 64 << 20)
        #expect(command.untilEnd)
        #expect(command.log.logFormat == .json)
        #expect(command.log.logLevel == .debug)
        // Properties given by name have the last word.
        #expect(command.kafka.kafkaProperties["bootstrap.servers"] == "c:3")
        #expect(command.kafka.kafkaProperties["security.protocol"] == "ssl")
    }

    @Test(arguments: [
        (["run", "--concurrency", "0"], "--concurrency"), (["run", "--batch-bytes", "20MiB"], "--batch-bytes"),
        (["run", "--batch-lines", "0"], "--batch-lines"), (["run", "--memory", "1kB"], "--memory"),
        (["run", "--linger", "2h"], "--linger"), (["run", "--group", ""], "--group"),
        (["run", "--topic", "^all"], "--topic"), (["run", "--kafka", "group.id=x"], "group.id"),
        (["run", "--topic", "a b"], "--topic"),
        (["run", "--endpoint", "nonsense"], "--endpoint"),
        (["run", "--topic", "t", "--dead-letter-topic", "t"], "--dead-letter-topic"),
        (["run", "--log-level", "loud"], "loud"), (["run", "--on-missing-dataset", "panic"], "panic"),
        (["serve", "--port", "70000"], "--port"), (["broker", "--brokers", "0"], "--brokers"),
        (["broker", "--topic", "a:0"], "partitions"), (["demo", "--workers", "0"], "--workers"),
        (["export", "--project", "a b", "--dataset-type", "train"], "--project"),
        (["export", "--project", "a", "--dataset-type", "zzz"], "zzz"), (["publish", "--project", "p"], "manifest"),
    ])
    func aMistakeIsNamed(_ arguments: [String], _ name: String) throws {
        let message = try message(arguments)
        #expect(message.contains(name), "\(message)")
    }

    @Test func everyCommandExplainsItself() throws {
        for command in Linefeed.configuration.subcommands {
            #expect(!command.configuration.abstract.isEmpty)
            let help = Linefeed.helpMessage(for: command, columns: 120)
            #expect(help.contains("USAGE: linefeed \(command.configuration.commandName ?? "?")"))
        }
    }
}
