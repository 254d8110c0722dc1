package import Kafka
package import Settlement

/// What one worker process needs to know.
package struct WorkerConfiguration: Sendable {
    /// For librdkafka, consumer and producer alike: `bootstrap.servers`, security, anything else.
    package var kafka: KafkaProperties
    /// Group, topic, linger, concurrency and the rest of the protocol's choices.
    package var settlement: Settings
    /// Where refused records go, acknowledged by the broker before they count as settled.
    package var deadLetterTopic: String
    /// Drain what is in the topic at the start, then end.
    package var untilEnd = false
    /// How long batches in flight may still settle once a stop was asked for. The next owner finishes the others.
    package var stopGrace: Duration = .seconds(2)
    /// How long leaving the group may take after that.
    package var closeDeadline: Duration = .seconds(2)

    package init(kafka: KafkaProperties, settlement: Settings) {
        self.kafka = kafka
        self.settlement = settlement
        deadLetterTopic = settlement.topic + ".dead-letters"
    }
}
