internal import Kafka

/// One fault for the embedded cluster, as `linefeed broker --faults` reads it from a line.
enum BrokerFault {
    case down(broker: Int32?)
    case up(broker: Int32?)
    case roundTripTime(Duration, broker: Int32?)
    case errors(EmbeddedCluster.RequestKind, code: Int32, count: Int)
    case delay(EmbeddedCluster.RequestKind, Duration, broker: Int32)
    case clear(EmbeddedCluster.RequestKind)
    case coordinator(group: String, broker: Int32)
    case leader(topic: String, partition: Int32, broker: Int32?)

    /// Said by `--help`, and by nothing else: this is the language.
    static let help = """
        down [BROKER]                       its connections are cut, new ones refused; no BROKER: all of them
        up [BROKER]                         the end of that
        rtt TIME [BROKER]                   every answer takes this long; 0 is the end of that
        errors REQUEST ERROR [COUNT]        the next COUNT (1) requests of a kind are answered with an error
        delay REQUEST TIME BROKER           the next request of a kind is answered late
        clear REQUEST                       takes back the errors that are still to come
        coordinator GROUP BROKER            moves a group's coordinator
        leader TOPIC PARTITION BROKER|none  moves a partition's leader

        BROKER is a number from 1. REQUEST: \(EmbeddedCluster.RequestKind.names.joined(separator: ", ")). \
        ERROR is a name of the Kafka protocol, such as NOT_COORDINATOR; _TRANSPORT cuts the connection.
        """

    /// What is wrong with a line.
    struct Mistake: Error, CustomStringConvertible {
        let description: String

        init(_ description: String) { self.description = description }
    }

    init(_ line: String) throws(Mistake) {
        var words = Words(line)
        switch try words.next("a fault") {
        case "down": self = .down(broker: try words.brokerIfAny())
        case "up": self = .up(broker: try words.brokerIfAny())
        case "rtt": self = .roundTripTime(try words.time(), broker: try words.brokerIfAny())
        case "errors": self = .errors(try words.request(), code: try words.error(), count: try words.countIfAny())
        case "delay": self = .delay(try words.request(), try words.time(), broker: try words.number("a broker"))
        case "clear": self = .clear(try words.request())
        case "coordinator":
            self = .coordinator(group: try words.next("a group"), broker: try words.number("a broker"))
        case "leader":
            self = .leader(
                topic: try words.next("a topic"), partition: try words.number("a partition"),
                broker: try words.brokerOrNone())
        case let word: throw Mistake("\(word) is no fault")
        }
        try words.end()
    }

    /// - Throws: `KafkaError` where the cluster has no such broker.
    func inject(into cluster: EmbeddedCluster) throws(KafkaError) {
        switch self {
        case .down(let broker): try cluster.brokerDown(broker)
        case .up(let broker): try cluster.brokerUp(broker)
        case .roundTripTime(let time, let broker): try cluster.brokerRTT(time, broker: broker)
        case .errors(let kind, let code, let count):
            cluster.pushRequestErrors(kind, Array(repeating: code, count: count))
        case .delay(let kind, let time, let broker): try cluster.pushDelay(kind, broker: broker, time)
        case .clear(let kind): cluster.clearRequestErrors(kind)
        case .coordinator(let group, let broker): try cluster.setCoordinator(group: group, broker: broker)
        case .leader(let topic, let partition, let broker):
            try cluster.setLeader(topic: topic, partition: partition, broker: broker)
        }
    }

    /// A line's words, each read as what has to stand there.
    private struct Words {
        private var rest: ArraySlice<String>

        init(_ line: String) { rest = line.split(separator: " ").map(String.init)[...] }

        mutating func next(_ what: String) throws(Mistake) -> String {
            guard let word = rest.popFirst() else { throw Mistake("\(what) is missing") }
            return word
        }

        mutating func number(_ what: String) throws(Mistake) -> Int32 {
            let word = try next(what)
            guard let number = Int32(word), number >= 0 else { throw Mistake("\(word) is not \(what)") }
            return number
        }

        mutating func brokerIfAny() throws(Mistake) -> Int32? { rest.isEmpty ? nil : try number("a broker") }

        mutating func brokerOrNone() throws(Mistake) -> Int32? {
            guard rest.first != "none" else {
                rest.removeFirst()
                return nil
            }
            return try number("a broker")
        }

        mutating func countIfAny() throws(Mistake) -> Int {
            guard !rest.isEmpty else { return 1 }
            let count = Int(try number("a count"))
            guard (1...10_000).contains(count) else { throw Mistake("a count is 1 to 10000") }
            return count
        }

        mutating func time() throws(Mistake) -> Duration {
            let word = try next("a time")
            guard let time = TimeSpan(argument: word) else { throw Mistake("\(word) is not a time") }
            return time.duration
        }

        mutating func request() throws(Mistake) -> EmbeddedCluster.RequestKind {
            let word = try next("a kind of request")
            guard let kind = EmbeddedCluster.RequestKind(name: word) else {
                throw Mistake("\(word) is no kind of request")
            }
            return kind
        }

        mutating func error() throws(Mistake) -> Int32 {
            let word = try next("an error")
            guard let code = KafkaError.code(named: word) else { throw Mistake("\(word) is no error") }
            return code
        }

        func end() throws(Mistake) {
            if let word = rest.first { throw Mistake("\(word) is one word too many") }
        }
    }
}
