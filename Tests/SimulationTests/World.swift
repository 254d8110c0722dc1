import HeapModule
import Labelling
import LookoutVision
import Settlement

/// Everything outside the machines, on a virtual clock: one queue of happenings, played in order, every choice drawn
/// from one seeded source. Two runs of a seed are the same to the last step.
final class World {
    enum Happening {
        case start(slot: Int)
        case member(Int, Member.Inbound)
        case request(Request)
        case updateEnds(dataset: Int, token: String)
        case commit(CommitRequest)
        case letters(DeadLetterRequest, member: Int)
        case sessionOver(groupMember: Int, member: Int)
        case rebalanceOver(generation: Int)
        case thaw(Int)
        case publish
        case fault(Scenario.Fault)
        case heal
        /// What made lines bad is put right, as for a dataset whose every line was refused somebody has to.
        case repair
    }

    private struct Queued: Comparable {
        var time: Int64
        var sequence: Int
        var happening: Happening

        static func < (a: Queued, b: Queued) -> Bool { (a.time, a.sequence) < (b.time, b.sequence) }
        static func == (a: Queued, b: Queued) -> Bool { a.sequence == b.sequence }
    }

    /// How long something takes.
    enum Delay {
        /// Inside a process, or to the disk of the broker next door.
        case jiffy
        case network
        case update
        case poll
        case restart
    }

    /// What a run has come across, to see that the rare is not too rare.
    struct Sights {
        var names = 0
        var hashes = 0
        var ceilings = 0
        /// Owners that found a ceiling; and those whose predecessor had found the same and not read up to it.
        var inheritedCeilings = 0
        var ceilingsInheritedUnread = 0
        var fullLedgers = 0
        var rewinds = 0
        /// Times that others were paused since it was a partition's turn to be read.
        var turns = 0
        /// Times that the next one's turn had begun before the one before was over; and polls that were put off, since what
        /// had been read was to go out first.
        var handovers = 0
        var heldPolls = 0
        /// Turns of a machine after which recorded batches waited for their first place; members that were asked to give
        /// back such; and members that died or left with them.
        var turnsWithBatchesAhead = 0
        var batchesAheadRevoked = 0
        var batchesAheadLeft = 0

        var isComplete: Bool {
            ![
                names, hashes, ceilings, inheritedCeilings, ceilingsInheritedUnread, fullLedgers, rewinds, turns,
                handovers, heldPolls, turnsWithBatchesAhead, batchesAheadRevoked, batchesAheadLeft,
            ]
            .contains(0)
        }

        static func += (sum: inout Sights, other: Sights) {
            sum.names += other.names
            sum.hashes += other.hashes
            sum.ceilings += other.ceilings
            sum.inheritedCeilings += other.inheritedCeilings
            sum.ceilingsInheritedUnread += other.ceilingsInheritedUnread
            sum.fullLedgers += other.fullLedgers
            sum.rewinds += other.rewinds
            sum.turns += other.turns
            sum.handovers += other.handovers
            sum.heldPolls += other.heldPolls
            sum.turnsWithBatchesAhead += other.turnsWithBatchesAhead
            sum.batchesAheadRevoked += other.batchesAheadRevoked
            sum.batchesAheadLeft += other.batchesAheadLeft
        }
    }

    let scenario: Scenario
    let mutation: Mutation?
    var random: SplitMix64
    private(set) var now: Int64 = 0
    private var wallJump: Int64 = 0
    var hasWallJumped: Bool { wallJump > 0 }
    var wall: Int64 { 1_795_000_000_000 + now / 1_000_000 + wallJump }

    var log: SimulatedLog
    var coordinator = Coordinator()
    var api: DatasetModel
    var members: [Int: Member] = [:]
    private(set) var slots: [Int?]
    private var nextKey = 0
    private var queue = Heap<Queued>()
    private var sequence = 0

    private(set) var hasHealed = false
    private(set) var isRepaired = false
    var coordinatorBackAt: Int64 = 0
    var isCoordinatorDown: Bool { now < coordinatorBackAt }
    var commitAnswersLostUntil: Int64 = 0
    var updatesFailUntil: Int64 = 0
    var unreachableUntil: Int64 = 0
    var deniedUntil: Int64 = 0
    var deadLettersDownUntil: Int64 = 0
    var stuckDatasets: Set<Int> = []
    /// Partitions whose ledger was taken away, and datasets whose records were: their events may be applied twice.
    var foreign: Set<Int32> = []
    var compacted: Set<Int> = []

    var sights = Sights()
    /// The top of the ledger that the owner of a partition found.
    private var inheritedTops: [Int32: Int64] = [:]

    private(set) var violation: String?
    private(set) var steps = 0
    private(set) var happenings = 0
    /// FNV-1a over everything that happens: two runs of one seed must agree.
    private(set) var fingerprint: UInt64 = 0xcbf2_9ce4_8422_2325
    private var trace: [String]?
    let coders: [LedgerCoder]

    init(scenario: Scenario, mutation: Mutation? = nil, tracing: Bool = false) {
        self.scenario = scenario
        self.mutation = mutation
        random = SplitMix64(seed: scenario.seed ^ 0x5DEE_CE66)
        log = SimulatedLog(
            partitions: scenario.partitions,
            datasets: scenario.hasManyDatasets ? SimulatedLog.manyDatasets : SimulatedLog.fewDatasets)
        api = DatasetModel(datasets: Array(repeating: .init(), count: scenario.datasets))
        slots = Array(repeating: nil, count: scenario.workers)
        trace = tracing ? [] : nil
        coders = (0..<scenario.partitions).map { LedgerCoder(group: "g", topic: "t", partition: Int32($0)) }
        if scenario.missingDatasets {
            for index in api.datasets.indices where Bool.random(using: &random) { api.datasets[index].exists = false }
        }
        stuckDatasets = Set((0..<scenario.datasets).shuffled(using: &random).prefix(scenario.stuckDatasets))
        for slot in slots.indices { schedule(Int64(slot) * 20_000_000, .start(slot: slot)) }
        for _ in 0..<scenario.events {
            schedule(Int64.random(in: 0..<scenario.activeTime, using: &random), .publish)
        }
        for (time, fault) in scenario.faults { schedule(time, .fault(fault)) }
        schedule(scenario.activeTime, .heal)
        schedule(scenario.activeTime + 1500 * 1_000_000_000, .repair)
    }

    // MARK: - Time

    func schedule(_ time: Int64, _ happening: Happening) {
        sequence += 1
        queue.insert(Queued(time: max(time, now), sequence: sequence, happening: happening))
    }

    func after(_ delay: Delay, _ happening: Happening) { schedule(now + duration(delay), happening) }

    func duration(_ delay: Delay) -> Int64 {
        func random(_ milliseconds: ClosedRange<Int64>) -> Int64 {
            Int64.random(
                in: milliseconds.lowerBound * 1_000_000...milliseconds.upperBound * 1_000_000, using: &self.random)
        }
        switch delay {
        case .jiffy: return random(0...1)
        case .network: return scenario.slowNetwork && !hasHealed ? random(1...3000) : random(1...10)
        case .update: return scenario.slowUpdates ? random(5...1500) : random(1...30)
        case .poll: return random(1...30)
        case .restart: return random(10...1500)
        }
    }

    /// Plays until everything is settled, something is wrong, or time is up.
    func run() {
        note("\(scenario)")
        let limit = scenario.activeTime + 3600 * 1_000_000_000
        while violation == nil, let next = queue.popMin() {
            now = next.time
            happenings += 1
            play(next.happening)
            if hasHealed, isAtRest { break }
            if now > limit || happenings > 200_000 {
                report("not everything was settled in time: \(pendingDescription)")
            }
        }
        if violation == nil { checkEnd() }
    }

    func report(_ text: String) {
        if violation == nil { violation = text }
        note("VIOLATION \(text)")
    }

    func note(_ text: @autoclosure () -> String) {
        guard trace != nil else { return }
        trace?.append("\(now / 1_000_000) ms: \(text())")
    }

    var traceLines: [String] { trace ?? [] }

    private func mix(_ value: Int) {
        fingerprint = (fingerprint ^ UInt64(bitPattern: Int64(value))) &* 0x100_0000_01b3
    }

    /// Nothing is under way that could still change anything.
    private var isAtRest: Bool {
        guard happenings % 8 == 0 else { return false }
        if !stuckDatasets.isEmpty {
            // First everybody else has to get through, beside those that are stuck.
            guard log.events.allSatisfy({ stuckDatasets.contains($0.dataset) && $0.hasLine || log.isDone($0) }) else {
                return false
            }
            note("the stuck datasets go on")
            stuckDatasets = []
            return false
        }
        for partition in 0..<Int32(scenario.partitions)
        where (coordinator.committed[partition]?.offset ?? 0) < log.end(partition) {
            return false
        }
        return api.datasets.allSatisfy { $0.updating == nil }
            && !queue.unordered.contains { if case .request = $0.happening { true } else { false } }
    }

    private var pendingDescription: String {
        (0..<Int32(scenario.partitions)).map { partition in
            let undone = log.partitions[Int(partition)].filter { !log.isDone(log.events[$0]) }
            return "partition \(partition) committed \(coordinator.committed[partition]?.offset ?? -1) of "
                + "\(log.end(partition)), unsettled \(undone)"
        }.joined(separator: "; ") + (stuckDatasets.isEmpty ? "" : "; datasets \(stuckDatasets.sorted()) are stuck")
    }

    // MARK: - What happens

    private func play(_ happening: Happening) {
        mix(Int(now))
        switch happening {
        case .start(let slot): start(slot)
        case .member(let key, let inbound):
            guard let member = members[key], !member.isDead else { return }
            if member.frozenUntil != nil {
                member.inbox.append(inbound)
            } else {
                mix(key)
                member.receive(inbound)
            }
        case .request(let request): arrive(request)
        case .updateEnds(let dataset, let token): endUpdate(dataset, token)
        case .commit(let request): commit(request)
        case .letters(let request, let member): writeLetters(request, from: member)
        case .sessionOver(let groupMember, let member):
            guard members[member].map({ $0.isDead || $0.frozenUntil != nil }) ?? true else { return }
            removeFromGroup(groupMember)
        case .rebalanceOver(let generation):
            guard coordinator.generation == generation, let late = coordinator.awaited else { return }
            for groupMember in late.sorted() { removeFromGroup(groupMember) }
        case .thaw(let key): thaw(key)
        case .publish: publish()
        case .fault(let fault): inject(fault)
        case .heal: heal()
        case .repair:
            note("bad lines are good from now on")
            isRepaired = true
        }
    }

    private func start(_ slot: Int) {
        nextKey += 1
        let member = Member(key: nextKey, world: self)
        members[nextKey] = member
        slots[slot] = nextKey
        note("worker \(nextKey) starts")
        join(member)
    }

    private func publish() {
        func chance(_ probability: Double) -> Bool { Double.random(in: 0..<1, using: &random) < probability }
        let dataset = Int.random(in: 0..<scenario.datasets, using: &random)
        let partition =
            scenario.spreadsDatasets
            ? Int32.random(in: 0..<Int32(scenario.partitions), using: &random) : Int32(dataset % scenario.partitions)
        // Order is per partition: an image keeps to one of them.
        let ref = Int.random(in: 0..<scenario.refs, using: &random) * scenario.partitions + Int(partition)
        var kind = SimulatedLog.Event.Kind.good
        if chance(scenario.poisonShare) { kind = Bool.random(using: &random) ? .invalid : .failing }
        if chance(scenario.junkShare) { kind = Bool.random(using: &random) ? .junk : .tombstone }
        log.publish(partition: partition, dataset: dataset, ref: ref, kind: kind)
        note(
            "event \(log.events.count - 1): partition \(partition) offset \(log.end(partition) - 1) "
                + "dataset \(dataset) ref \(ref) \(kind)")
        for key in slots { key.flatMap { members[$0] }?.pollIfThereIsSomething() }
    }

    func countStep(of member: Member) {
        steps += 1
        if let fault = scenario.stepFaults[steps], !hasHealed {
            if fault == .crash { kill(member, because: "crashed at step \(steps)") } else { inject(.rebalance) }
        }
        guard !member.isDead, scenario.crashChance > 0, !hasHealed,
            Double.random(in: 0..<1, using: &random) < scenario.crashChance
        else { return }
        kill(member, because: "crashed at a step")
    }

    func clearSlot(_ slot: Int) { slots[slot] = nil }

    func moveWall(by milliseconds: Int64) { wallJump += milliseconds }

    func markHealed() {
        hasHealed = true
        coordinatorBackAt = 0
        commitAnswersLostUntil = 0
        updatesFailUntil = 0
        deadLettersDownUntil = 0
    }

    /// Requests that travel when hours pass never arrive.
    func dropRequestsOnTheirWay() {
        let all = queue.unordered.sorted()
        queue = Heap()
        for queued in all {
            switch queued.happening {
            case .request(let request), .member(_, .send(let request)):
                schedule(now, .member(request.member, .answer(key: request.key, .unreachable(message: "time-out"))))
            default: queue.insert(queued)
            }
        }
    }

    /// An owner finds what the one before has left.
    func notice(_ committed: Coordinator.Committed?, inheritedBy member: Member, partition: Int32) {
        guard let committed,
            let ledger = try? coder(partition).decode(committed.metadata, committedAt: committed.offset)
        else { return inheritedTops[partition] = nil }
        if let ceiling = ledger.ceiling {
            sights.inheritedCeilings += 1
            if inheritedTops[partition] == ceiling.offset { sights.ceilingsInheritedUnread += 1 }
        }
        inheritedTops[partition] = ledger.ceiling?.offset
    }

    func coder(_ partition: Int32) -> LedgerCoder { coders[Int(partition)] }
}
