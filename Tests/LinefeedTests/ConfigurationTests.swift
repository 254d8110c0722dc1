import ArgumentParser
import Foundation
import Kafka
import Logging
import Testing

@testable import linefeed

struct ConfigurationTests {
    /// The flags that a command is run with when there are these variables and this file.
    private func flags(
        _ arguments: [String], variables: [String: String] = [:], file: String? = nil
    ) async throws -> [String] {
        guard let file else {
            return try await EffectiveConfiguration(arguments: arguments, variables: variables).arguments
        }
        return try await withFile(file) { path in
            try await EffectiveConfiguration(
                arguments: arguments, variables: variables.merging(["LINEFEED_CONFIG": path]) { own, _ in own }
            ).arguments
        }
    }

    private func withFile<Value>(_ text: String, _ body: (String) async throws -> Value) async throws -> Value {
        let url = FileManager.default.temporaryDirectory.appending(path: "linefeed-\(UUID().uuidString).yaml")
        try Data(text.utf8).write(to: url)
        defer { try? FileManager.default.removeItem(at: url) }
        return try await body(url.path())
    }

    private func failure(
        _ arguments: [String] = ["run"], variables: [String: String] = [:], file: String? = nil
    ) async throws -> String {
        do {
            let flags = try await flags(arguments, variables: variables, file: file)
            Issue.record("taken as \(flags)")
            return ""
        } catch {
            return "\(error)"
        }
    }

    private func run(_ flags: [String]) throws -> RunCommand {
        try #require(try Linefeed.parseAsRoot(flags) as? RunCommand)
    }

    @Test func aFlagIsOverTheEnvironmentOverTheFileOverTheDefault() async throws {
        let file = "linger: 3s\ntopic: from-file\ngroup: from-file\n"
        let variables = ["LINEFEED_TOPIC": "from-environment", "LINEFEED_GROUP": "from-environment"]
        let command = try run(try await flags(["run", "--group", "typed"], variables: variables, file: file))
        #expect(command.group == "typed")
        #expect(command.kafka.topic == "from-environment")
        #expect(command.linger.duration == .seconds(3))
        #expect(command.concurrency == 32)
    }

    @Test func kafkaPropertiesAreLaidOverEachOtherOneByOne() async throws {
        let file = """
            kafka:
              security.protocol: sasl_ssl
              sasl: {username: file, mechanism: PLAIN}
              fetch.wait.max.ms: 10
            """
        let variables = ["LINEFEED_KAFKA_SASL_USERNAME": "environment", "LINEFEED_KAFKA_SASL_PASSWORD": "a=b"]
        let flags = try await flags(["run", "--kafka", "fetch.wait.max.ms=20"], variables: variables, file: file)
        let properties = try run(flags).kafka.kafkaProperties
        #expect(properties["security.protocol"] == "sasl_ssl")
        #expect(properties["sasl.mechanism"] == "PLAIN")
        #expect(properties["sasl.username"] == "environment")
        #expect(properties["sasl.password"] == "a=b")
        #expect(properties["fetch.wait.max.ms"] == "20")
    }

    @Test func aSwitchIsTrueOrFalse() async throws {
        #expect(try run(try await flags(["run"], file: "until-end: true")).untilEnd)
        #expect(
            try !run(try await flags(["run"], variables: ["LINEFEED_UNTIL_END": "false"], file: "until-end: true"))
                .untilEnd)
        #expect(
            try await failure(variables: ["LINEFEED_UNTIL_END": "maybe"])
                == "LINEFEED_UNTIL_END: until-end takes true or false.")
    }

    @Test func theServiceHasASectionOfItsOwn() async throws {
        let file = "log-level: debug\nserve:\n  port: 0\n  database: /var/lib/x.sqlite\n"
        let flags = try await flags(["serve"], variables: ["LINEFEED_SERVE_PORT": "9000"], file: file)
        let command = try #require(try Linefeed.parseAsRoot(flags) as? ServeCommand)
        #expect(command.port == 9000)
        #expect(command.storage.database == "/var/lib/x.sqlite")
        #expect(command.log.logLevel == .info)
    }

    @Test func otherCommandsTakeWhatTheyShareWithTheWorker() async throws {
        let file = "topic: events\ngroup: pool\nlinger: 1s\nkafka: {security.protocol: ssl}\n"
        let ledger = try await flags(["ledger", "--json"], file: file)
        let command = try #require(try Linefeed.parseAsRoot(ledger) as? LedgerCommand)
        #expect(command.kafka.topic == "events")
        #expect(command.group == "pool")
        #expect(command.kafka.kafkaProperties["security.protocol"] == "ssl")
        #expect(!ledger.contains { $0.hasPrefix("--linger") })
        // Their own topics and ports are no others'.
        #expect(try await flags(["broker"], variables: ["LINEFEED_TOPIC": "x"]) == ["broker"])
        #expect(try await flags(["dead-letters", "list"], file: file).prefix(2) == ["dead-letters", "list"])
    }

    @Test(arguments: [
        ("lingre: 1s", ":1: lingre is no key; is it linger?"),
        ("topic: x\n\nzebra: 1", ":3: zebra is no key; `linefeed config` lists all there are."),
        ("serve:\n  prot: 1", ":2: serve.prot is no key; is it serve.port?"),
        ("linger: [1s]", ":1: linger takes one value."),
        ("linger: {a: b}", ":1: linger takes one value."),
        ("kafka: ssl", ":1: kafka takes a mapping of names to values (name=value)."),
        ("kafka: {a: [1]}", ":1: kafka.a takes one value."),
        ("- a", ": is no mapping of keys to values."),
        ("1: 2", ": 1 is no key; `linefeed config` lists all there are."),
        ("config: x.yaml", "config is no key"),
    ])
    func whatIsNoKeyIsNamedWithItsPlace(_ file: String, _ message: String) async throws {
        let text = try await failure(file: file)
        #expect(text.contains(message) || text.contains(message.replacing(": 1 is", with: ":1: 1 is")), "\(text)")
    }

    @Test func aBrokenFileIsNamed() async throws {
        #expect(try await failure(file: "a: [").contains("no YAML"))
        // What is no YAML may be a secret, half of it in quotes.
        for text in ["kafka:\n  sasl.password: [hidden", "kafka:\n  sasl.password: hidden: more", "\"hidden"] {
            let failure = try await failure(file: text)
            #expect(failure.contains("no YAML") && !failure.contains("hidden"), "\(failure)")
        }
        #expect(try await failure(file: "topic: a\ntopic: b").contains("topic"))
        let missing = try await failure(["run", "--config", "/nowhere/x.yaml"])
        #expect(missing.hasPrefix("/nowhere/x.yaml: there is no such file."))
    }

    @Test func anUnknownVariableIsRefused() async throws {
        #expect(
            try await failure(variables: ["LINEFEED_LINGRE": "1s"])
                == "LINEFEED_LINGRE: lingre is no key; is it linger?")
        #expect(try await failure(variables: ["LINEFEED_SERVICE_HOST": "10.0.0.1"]).contains("enableServiceLinks"))
        #expect(try await flags(["run"], variables: ["OTHER_LINGRE": "1s"]) == ["run"])
    }

    @Test func aValueThatIsNotTakenIsTracedToItsPlace() async throws {
        let effective = try await EffectiveConfiguration(arguments: ["run"], variables: ["LINEFEED_LINGER": "soon"])
        let error = #expect(throws: (any Error).self) { try Linefeed.parseAsRoot(effective.arguments) }
        let message = Linefeed.message(for: try #require(error))
        #expect(effective.origins(namedIn: message) == ["--linger is from LINEFEED_LINGER"])
    }

    @Test func anEmptyFileSaysNothing() async throws {
        #expect(try await flags(["run"], file: "# nothing\n") == ["run"])
    }

    @Test func theEffectiveValuesHideSecrets() async throws {
        let variables = ["LINEFEED_KAFKA_SASL_PASSWORD": "geheim", "LINEFEED_LINGER": "2s"]
        let effective = try await EffectiveConfiguration(
            arguments: ["run", "--kafka", "ssl.key.password=geheim", "--concurrency=4"], variables: variables)
        let text = effective.description(of: SettingCatalog.worker)
        #expect(!text.contains("geheim"))
        #expect(text.contains("sasl.password: (hidden)"))
        #expect(text.contains("linger: 2s"))
        #expect(text.contains("LINEFEED_LINGER"))
        #expect(text.contains("concurrency: 4"))
        #expect(text.contains("command line"))
    }

    @Test func theExampleFileIsTakenWithEveryKeySet() async throws {
        // With the comment signs away from what has a default, every key is one that is known.
        let lines = ConfigurationReference.exampleFile.split(separator: "\n", omittingEmptySubsequences: false)
            .filter { !$0.contains("{}") && !$0.contains("<") && !$0.contains("kafka:") && !$0.contains("name: value") }
            .map { $0.replacing(/^( *)#([a-z])/) { match in "\(match.1)\(match.2)" } }
        let flags = try await flags(["run"], file: lines.joined(separator: "\n"))
        #expect(flags.count > 10)
        #expect(throws: Never.self) { try Linefeed.parseAsRoot(flags) }
        #expect(throws: Never.self) {
            try Linefeed.parseAsRoot(["serve"])
        }
    }

    @Test func theReferenceIsInTheReadmeAndInTheExampleFile() throws {
        let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        let readme = try String(contentsOf: root.appending(path: "README.md"), encoding: .utf8)
        #expect(
            readme.contains(ConfigurationReference.table(of: SettingCatalog.all)),
            "write it with `linefeed config --keys`")
        let example = try String(contentsOf: root.appending(path: "deploy/linefeed.yaml"), encoding: .utf8)
        #expect(example == ConfigurationReference.exampleFile + "\n", "write it with `linefeed config --example`")
    }

    @Test(arguments: [("linger", "linger", 0), ("lingre", "linger", 2), ("", "abc", 3), ("kitten", "sitting", 3)])
    func distances(_ a: String, _ b: String, _ distance: Int) {
        #expect(Suggestion.distance(a, b) == distance)
    }
}
