import Settlement

/// What one seed plays: a small pool, a short log and a handful of faults. Every fault is there in some seeds only, so
/// that rare combinations get room of their own.
struct Scenario {
    let seed: UInt64
    let settings: Settings
    let partitions: Int
    let workers: Int
    let datasets: Int
    /// Whether events of a dataset may come in any partition.
    let spreadsDatasets: Bool
    let refs: Int
    let events: Int
    /// Nanoseconds of virtual time in which events come and faults happen; then everything heals.
    let activeTime: Int64

    let poisonShare: Double
    let junkShare: Double
    /// Chances per request, each only before the end of `activeTime`.
    let exceptionChance: Double
    let lostAnswerChance: Double
    let chanceRollback: Double
    let slowUpdates: Bool
    let slowNetwork: Bool
    let missingDatasets: Bool
    /// Datasets that answer nothing but "busy" until all others are done.
    let stuckDatasets: Int
    /// More datasets than a ledger has room to name.
    let hasManyDatasets: Bool
    /// Chance that a process dies at any one of its steps.
    let crashChance: Double
    /// What happens at a certain step of the machines, be it in the middle of anything. Bursts, so that one take-over
    /// follows the other before the log was read again.
    let stepFaults: [Int: StepFault]
    let faults: [(at: Int64, fault: Fault)]

    /// Whether a request may arrive long after it was decided.
    let hasLateRequests: Bool
    /// Whether lines that are not bad may end as dead letters: the lone-line rule cannot see through an outage.
    let hasOutage: Bool

    enum StepFault {
        case crash
        case rebalance
    }

    enum Fault {
        case crash
        case freeze(Int64)
        case rebalance
        case stop
        case coordinatorDown(Int64)
        case lostCommitAnswers(Int64)
        case everyUpdateFails(Int64)
        case unreachable(Int64)
        case accessDenied(Int64)
        case deadLettersDown(Int64)
        case wallJump(hours: Int)
        case foreignMetadata
        case compaction
    }

    init(seed: UInt64) {
        self.seed = seed
        var random = SplitMix64(seed: seed)
        func chance(_ probability: Double) -> Bool { Double.random(in: 0..<1, using: &random) < probability }
        func pick(_ range: ClosedRange<Int>) -> Int { Int.random(in: range, using: &random) }
        func milliseconds(_ range: ClosedRange<Int>) -> Int64 { Int64(pick(range)) * 1_000_000 }

        partitions = chance(0.6) ? 1 : 2
        workers = pick(1...3)
        hasManyDatasets = chance(0.15)
        datasets = hasManyDatasets ? pick(20...60) : pick(1...4)
        spreadsDatasets = partitions > 1 && chance(0.3)
        refs = pick(2...8)
        events = hasManyDatasets ? pick(60...160) : pick(4...32)
        activeTime = milliseconds(2000...9000)

        var settings = Settings(group: "g", topic: "t")
        settings.linger = .milliseconds(pick(10...300))
        settings.batchLines = pick(1...12)
        settings.concurrency = pick(1...4)
        settings.commitInterval = .milliseconds(pick(20...300))
        settings.commitDeadline = .seconds(pick(2...20))
        settings.revokeDeadline = .seconds(pick(1...5))
        if hasManyDatasets {
            settings.concurrency = pick(2...8)
            settings.ledgerCharacters = pick(400...1000)
        } else if chance(0.2) {
            settings.ledgerCharacters = pick(300...400)
        }
        if chance(0.25) {
            // Little, but more than what may have a place: a batch holds a kilobyte at least.
            settings.memoryBytes = hasManyDatasets ? pick(16_000...40_000) : pick(6000...16_000)
            settings.batchLines = pick(1...3)
            if chance(0.3) { settings.worthwhileBytes = 0 }
            settings.backlogRecords = pick(0...10)
            settings.handoverRecords = pick(0...40)
        }
        settings.lingersAtEnd = chance(0.8)

        poisonShare = chance(0.35) ? Double(pick(5...40)) / 100 : 0
        junkShare = chance(0.3) ? 0.15 : 0
        exceptionChance = chance(0.4) ? 0.2 : 0
        lostAnswerChance = chance(0.5) ? 0.2 : 0
        chanceRollback = chance(0.2) ? 0.1 : 0
        slowUpdates = chance(0.5)
        slowNetwork = chance(0.3)
        stuckDatasets = datasets > 1 && chance(0.15) ? pick(1...min(datasets - 1, 6)) : 0
        missingDatasets = chance(0.15)
        if missingDatasets {
            settings.onMissingDataset = MissingDatasetPolicy.allCases[pick(0...2)]
        }
        self.settings = settings
        crashChance = chance(0.3) ? 0.01 : 0
        var stepFaults: [Int: StepFault] = [:]
        for _ in 0..<(chance(0.5) ? pick(1...3) : 0) {
            var step = pick(1...600)
            for _ in 0..<pick(1...3) {
                stepFaults[step] = chance(0.6) ? .crash : .rebalance
                step += pick(1...40)
            }
        }
        self.stepFaults = stepFaults

        var faults: [(at: Int64, fault: Fault)] = []
        let activeTime = activeTime
        func add(_ probability: Double, upTo most: Int, _ make: () -> Fault) {
            guard chance(probability) else { return }
            for _ in 0..<pick(1...most) {
                faults.append((Int64.random(in: 0..<activeTime, using: &random), make()))
            }
        }
        add(0.6, upTo: 3) { .crash }
        // The session is over after 2 s, so half of these come back as zombies.
        add(0.4, upTo: 2) { .freeze(milliseconds(100...6000)) }
        add(0.5, upTo: 4) { .rebalance }
        add(0.2, upTo: 2) { .stop }
        add(0.3, upTo: 2) { .coordinatorDown(milliseconds(100...5000)) }
        add(0.2, upTo: 1) { .lostCommitAnswers(milliseconds(100...1000)) }
        add(0.1, upTo: 1) { .everyUpdateFails(milliseconds(200...4000)) }
        add(0.15, upTo: 2) { .unreachable(milliseconds(200...3000)) }
        add(0.1, upTo: 1) { .accessDenied(milliseconds(200...3000)) }
        add(0.2, upTo: 1) { .deadLettersDown(milliseconds(200...3000)) }
        // Past the life of a token, or of everything.
        add(0.15, upTo: 1) { .wallJump(hours: pick(8...20)) }
        add(0.12, upTo: 1) { .foreignMetadata }
        add(0.1, upTo: 2) { .compaction }
        self.faults = faults.sorted { $0.at < $1.at }
        hasLateRequests = slowNetwork || faults.contains { if case .freeze = $0.fault { true } else { false } }
        hasOutage = faults.contains { if case .everyUpdateFails = $0.fault { true } else { false } }
    }
}
