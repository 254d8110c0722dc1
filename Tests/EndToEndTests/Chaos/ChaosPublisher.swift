import Kafka
import Synchronization

/// Publishes what a chaos run is fed with, through whatever is done to the cluster.
struct ChaosPublisher {
    private let topic: String
    private let producer: Producer
    private let watch: ChaosWatch
    private let failures = Failures()

    private final class Failures: Sendable {
        let list = Mutex<[KafkaError]>([])
    }

    init(topic: String, brokers: String, watch: ChaosWatch) throws {
        self.topic = topic
        self.watch = watch
        producer = try Producer(properties: [
            "bootstrap.servers": brokers, "compression.type": "lz4", "linger.ms": "20",
            // With more on their way the embedded cluster acknowledges what it has refused: `AcknowledgementTests`.
            "max.in.flight.requests.per.connection": "1",
        ])
    }

    /// Hands them over in order; they are on their way, not there.
    func publish(_ items: [ChaosItem]) async throws {
        // Before anybody can find them in the log.
        await watch.announce(items)
        for item in items {
            let headers = item.headers + [(ChaosItem.numberHeader, "\(item.number)")]
            await producer.enqueue(
                topic: topic, key: Array(item.key.utf8), value: item.value.map { Array($0.utf8) },
                headers: headers.map { RecordHeader($0.0, Array($0.1.utf8)) }
            ) { [failures] result in
                if case .failure(let error) = result { failures.list.withLock { $0.append(error) } }
            }
        }
        if let error = failures.list.withLock({ $0.first }) { throw Failure("a record was not published: \(error)") }
    }

    /// Waits until everything is there.
    func close() async throws {
        let isFlushed = await producer.close(deadline: .seconds(60))
        let error = failures.list.withLock { $0.first }
        guard isFlushed, error == nil else { throw Failure("not everything was published: \(error as Any)") }
    }
}
