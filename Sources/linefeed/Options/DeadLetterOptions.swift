internal import ArgumentParser
internal import Kafka
internal import Labelling
internal import Settlement
internal import Worker

/// Which dead letters are meant.
struct DeadLetterOptions: ParsableArguments {
    @OptionGroup var kafka: KafkaOptions

    @Option(help: "Where they are; by default the topic's name and .dead-letters.")
    var deadLetterTopic: String?

    @Option(help: "Only those refused for this reason, such as missing-field or update-failed. May be repeated.")
    var reason: [String] = []

    @Option(
        help: ArgumentHelp(
            "Only this project's, as far as the record, its headers or its key name one.", valueName: "project"))
    var project: String?

    @Option(
        help: ArgumentHelp(
            "Only those refused since then: 2026-11-23T10:00:00Z, or an age such as 2h or 3d.", valueName: "time"))
    var since: PointInTime?

    @Option(help: ArgumentHelp("Only those refused before then.", valueName: "time"))
    var until: PointInTime?

    var topicName: String { deadLetterTopic ?? kafka.topic + ".dead-letters" }

    var filter: DeadLetterFilter {
        var filter = DeadLetterFilter()
        filter.reasons = Set(reason)
        filter.project = project
        filter.since = since?.milliseconds
        filter.until = until?.milliseconds
        return filter
    }

    func validate() throws {
        let known = Rejection.Reason.allCases.map(\.rawValue) + DeadLetterReason.allCases.map(\.rawValue)
        if let unknown = reason.first(where: { !known.contains($0) }) {
            throw ValidationError("--reason \(unknown): the reasons are \(known.joined(separator: ", ")).")
        }
        if let since, let until, since.milliseconds >= until.milliseconds {
            throw ValidationError("--since is not before --until: nothing can be between them.")
        }
    }

    func makeTopic() throws -> DeadLetterTopic {
        try DeadLetterTopic(kafka: kafka.kafkaProperties, name: topicName)
    }

    /// Runs `body`; what Kafka says against it is put into words where a person can do something about it.
    func explained<Value>(_ body: () async throws -> Value) async throws -> Value {
        do {
            return try await body()
        } catch let error as KafkaError where error.isUnknownTopic {
            throw CommandFailure("no such topic (\(error.operation)): nothing was refused yet, or it has another name")
        } catch let error as KafkaError where error.isFenced {
            throw CommandFailure(
                "another replay of \(topicName) has begun, so this one ended; what is left is sent by the next run")
        }
    }
}
