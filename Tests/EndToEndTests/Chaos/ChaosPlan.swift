/// What happens when in a chaos run: a pure function of its seed and length.
struct ChaosPlan {
    enum Action {
        /// SIGKILL; another takes its place at once.
        case killWorker(Int)
        case freezeWorker(Int)
        /// Where it was not killed in the meantime.
        case thawWorker(Int)
        /// SIGKILL; where it was frozen, that ends too.
        case killService
        case startService
        case freezeService
        case thawService
        /// For `linefeed broker --faults`, in its own words.
        case broker(String)
        /// Of so many of a hundred requests.
        case proxyFaults(percent: Int)
    }

    struct Step {
        var time: Duration
        var action: Action
    }

    static let workers = 4
    static let brokers = 3
    static let partitions = 8

    /// By time.
    private(set) var steps: [Step] = []
    private var random: Random
    private let topic: String
    private let group: String
    private var coordinator = 1

    init(seed: UInt64, length: Duration, topic: String, group: String) {
        random = Random(seed: seed)
        self.topic = topic
        self.group = group
        addMoves()
        // A storm takes the group apart; it needs some seconds to come together again, or nothing would ever happen.
        repeated(from: 2000...4000, every: 8500...11_500, until: length) { $0.addStorm(at: $1) }
        repeated(from: 4000...7000, every: 6000...10_000, until: length) { $0.addServiceFault(at: $1) }
        repeated(from: 1800...2800, every: 1500...5000, until: length) { $0.addBrokerFault(at: $1) }
        repeated(from: 0...1000, every: 8000...15_000, until: length) { plan, time in
            let percent = Int.random(in: 2...30, using: &plan.random)
            plan.add(.proxyFaults(percent: percent), at: time)
        }
        steps.sort { $0.time < $1.time }
    }

    private mutating func repeated(
        from first: ClosedRange<Int>, every pause: ClosedRange<Int>, until end: Duration,
        _ add: (inout ChaosPlan, Duration) -> Void
    ) {
        var time = duration(first)
        while time < end {
            add(&self, time)
            time += duration(pause)
        }
    }

    private mutating func duration(_ milliseconds: ClosedRange<Int>) -> Duration {
        .milliseconds(Int.random(in: milliseconds, using: &random))
    }

    private mutating func add(_ action: Action, at time: Duration) {
        steps.append(Step(time: time, action: action))
    }

    // MARK: - Processes

    private mutating func addStorm(at time: Duration) {
        let order = Array(0..<Self.workers).shuffled(using: &random)
        let kills = Int.random(in: 2...3, using: &random)
        for worker in order.prefix(kills) { add(.killWorker(worker), at: time + duration(0...1500)) }
        guard random.chance(60), let sleeper = order.last else { return }
        // Mostly longer than the session time-out of 3.5 s (`Arena.quickestTakeOver`): who wakes up then is a member no
        // more, and does not know.
        let start = time + duration(0...4000)
        add(.freezeWorker(sleeper), at: start)
        add(.thawWorker(sleeper), at: start + duration(2500...8000))
    }

    private mutating func addServiceFault(at time: Duration) {
        if random.chance(20) {
            add(.freezeService, at: time)
            add(.thawService, at: time + duration(300...3000))
        } else {
            add(.killService, at: time)
            add(.startService, at: time + duration(0...2500))
        }
    }

    // MARK: - Brokers

    /// The coordinator moves under members that are all at work, while no broker is disturbed yet: the old one answers
    /// each of them NOT_COORDINATOR, in the middle of heartbeats and commits. (Not later: the embedded cluster aborts
    /// when a member that waits to join or to sync turns to another coordinator by itself.)
    private mutating func addMoves() {
        for time in stride(from: 100, through: 1300, by: 400) {
            coordinator = coordinator % Self.brokers + 1
            add(.broker("coordinator \(group) \(coordinator)"), at: .milliseconds(time))
        }
        // What members see of a coordinator that is about to move, or has lost its place.
        add(.broker("errors offset-commit NOT_COORDINATOR 2"), at: .milliseconds(300))
        add(.broker("errors heartbeat COORDINATOR_NOT_AVAILABLE 1"), at: .milliseconds(700))
        add(.broker("errors find-coordinator COORDINATOR_NOT_AVAILABLE 2"), at: .milliseconds(1000))
    }

    private mutating func addBrokerFault(at time: Duration) {
        let broker = Int.random(in: 1...Self.brokers, using: &random)
        let partition = Int.random(in: 0..<Self.partitions, using: &random)
        let another = Int.random(in: 1...Self.brokers, using: &random)
        func tell(_ plan: inout ChaosPlan, _ fault: String, at time: Duration) { plan.add(.broker(fault), at: time) }
        switch Int.random(in: 0..<20, using: &random) {
        case 0, 1:
            tell(&self, "down \(broker)", at: time)
            tell(&self, "up \(broker)", at: time + duration(500...4000))
        case 2:
            tell(&self, "down", at: time)
            tell(&self, "up", at: time + duration(300...2500))
        case 3:
            tell(&self, "rtt \(Int.random(in: 30...400, using: &random))ms", at: time)
            tell(&self, "rtt 0", at: time + duration(2000...5000))
        case 4...6:
            // As it is when a coordinator dies. (The embedded cluster aborts when a member that waits for an answer
            // turns to another coordinator by itself; a broker that goes down forgets who was waiting.)
            tell(&self, "down \(coordinator)", at: time)
            tell(&self, "coordinator \(group) \(broker)", at: time)
            tell(&self, "up \(coordinator)", at: time + duration(300...3000))
            if broker != coordinator, random.chance(40) {
                tell(&self, "down \(broker)", at: time)
                tell(&self, "up \(broker)", at: time + duration(300...3000))
            }
            coordinator = broker
        case 7, 8: tell(&self, "leader \(topic) \(partition) \(broker)", at: time)
        case 9:
            tell(&self, "leader \(topic) \(partition) none", at: time)
            tell(&self, "leader \(topic) \(partition) \(another)", at: time + duration(500...3000))
        case 10, 11:
            let late = duration(1000...6000).components
            tell(&self, "delay offset-commit \(late.seconds)s \(broker)", at: time)
        case 12:
            // Stored, and nobody hears that it was: the answer is late, and the connection breaks.
            for each in 1...Self.brokers { tell(&self, "delay offset-commit 3s \(each)", at: time) }
            let cut = time + duration(200...1500)
            tell(&self, "down", at: cut)
            tell(&self, "up", at: cut + duration(100...500))
        default:
            let (request, errors) = Self.errors[Int.random(in: 0..<Self.errors.count, using: &random)]
            let error = errors[Int.random(in: 0..<errors.count, using: &random)]
            tell(&self, "errors \(request) \(error) \(Int.random(in: 1...4, using: &random))", at: time)
        }
    }

    /// Only what a broker may say of a request that is in order.
    private static let errors: [(request: String, errors: [String])] = [
        (
            "offset-commit",
            [
                "NOT_COORDINATOR", "COORDINATOR_LOAD_IN_PROGRESS", "COORDINATOR_NOT_AVAILABLE", "REBALANCE_IN_PROGRESS",
                "REQUEST_TIMED_OUT", "ILLEGAL_GENERATION", "UNKNOWN_MEMBER_ID", "_TRANSPORT",
            ]
        ),
        ("offset-fetch", ["NOT_COORDINATOR", "COORDINATOR_LOAD_IN_PROGRESS", "_TRANSPORT"]),
        ("find-coordinator", ["COORDINATOR_NOT_AVAILABLE", "_TRANSPORT"]),
        ("join-group", ["NOT_COORDINATOR", "COORDINATOR_LOAD_IN_PROGRESS", "_TRANSPORT"]),
        ("sync-group", ["REBALANCE_IN_PROGRESS", "NOT_COORDINATOR", "_TRANSPORT"]),
        ("heartbeat", ["NOT_COORDINATOR", "REBALANCE_IN_PROGRESS", "UNKNOWN_MEMBER_ID", "ILLEGAL_GENERATION"]),
        ("fetch", ["NOT_LEADER_FOR_PARTITION", "UNKNOWN_TOPIC_OR_PART", "_TRANSPORT"]),
        ("list-offsets", ["NOT_LEADER_FOR_PARTITION", "_TRANSPORT"]),
        ("produce", ["NOT_LEADER_FOR_PARTITION", "REQUEST_TIMED_OUT", "NOT_ENOUGH_REPLICAS", "_TRANSPORT"]),
        ("metadata", ["_TRANSPORT"]),
        ("leave-group", ["_TRANSPORT"]),
    ]

    /// What the cluster is told before anybody joins.
    func overture() -> [String] { ["coordinator \(group) 1"] }

    /// What ends every fault of the cluster.
    func recovery() -> [String] {
        ["up", "rtt 0"] + Self.errors.map { "clear \($0.request)" }
            + (0..<Self.partitions).map { "leader \(topic) \($0) \($0 % Self.brokers + 1)" }
    }
}
