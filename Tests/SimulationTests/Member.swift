import Crypto
import Labelling

@testable import Settlement

/// One worker process: the real machine, and around it what the runner does: sends its requests, attaches to calls
/// under way by their token, delivers records, keeps deadlines.
final class Member {
    enum Inbound {
        case wake(Int)
        case poll
        case send(Request)
        case answer(key: String, Answer)
        case sendCommit(Int)
        case commitAnswered(Int, CommitAnswer)
        case commitDeadline(Int)
        case sendLetters(DeadLetterRequest)
        case lettersAnswered(RequestID, failure: String?)
        case revoked(generation: Int)
        case assigned(groupMember: Int, generation: Int, [Int32])
        case rewind(Int32, Int64)
        case fetched(generation: Int, [(Int32, Coordinator.Committed?)])
        /// The group went on without this member.
        case expelled(groupMember: Int)
    }

    let key: Int
    let machine: Settlement
    unowned let world: World
    /// How far this host's wall clock is off, in milliseconds.
    let skew: Int64

    var isDead = false
    var frozenUntil: Int64?
    var inbox: [Inbound] = []
    var groupMember: Int?
    var generation = -1
    var isStopping = false
    /// The group's word comes over one connection, in order.
    var groupWordAt: Int64 = 0
    private var isFetching = false

    private(set) var positions: [Int32: Int64] = [:]
    private var paused: Set<Int32> = []
    private var isPolling = false
    private var wakeTicket = 0
    private var wakeAt: Int64?
    private var commitNumber = 0
    private var outstanding: (number: Int, parts: [PartitionCommit])?
    /// Calls under way, by what they ask: a batch that came home finds its call here.
    private var calls: [String: [RequestID]] = [:]
    /// For the tampering with epochs: the lane of a call, and the call that a lane waits for now.
    private var laneNames: [RequestID: String] = [:]
    private var latest: [String: RequestID] = [:]
    private var tokenSalt: UInt64 = 0

    init(key: Int, world: World) {
        self.key = key
        self.world = world
        var settings = world.scenario.settings
        if world.mutation == .tokenNeverAges { settings.tokenAge = .seconds(1 << 32) }
        machine = Settlement(settings: settings, seed: world.random.next())
        skew = Int64.random(in: -60_000...60_000, using: &world.random)
        if world.mutation == .tokenWithRandomness { tokenSalt = world.random.next() }
    }

    var now: Moment { Moment(monotonic: world.now, wall: world.wall + skew) }

    func receive(_ inbound: Inbound) {
        switch inbound {
        case .wake(let ticket):
            guard ticket == wakeTicket else { return }
            wakeAt = nil
        case .poll: poll()
        case .send(let request):
            world.sendToAPI(request)
            return
        case .answer(let key, let answer): answered(key, answer)
        case .sendCommit(let number):
            sendCommit(number)
            return
        case .commitAnswered(let number, let answer):
            guard outstanding?.number == number else { return }
            outstanding = nil
            if world.mutation == .refusalTakenForAcknowledgement, case .resolved = answer {
                machine.commitFinished(.resolved(refused: [:]), now: now)
            } else {
                machine.commitFinished(answer, now: now)
            }
        case .commitDeadline(let number):
            guard outstanding?.number == number else { return }
            outstanding = nil
            machine.commitFinished(.unknown, now: now)
        case .sendLetters(let request):
            world.sendLetters(request, from: self)
            return
        case .lettersAnswered(let id, let failure): machine.deadLettersFinished(id, failure: failure, now: now)
        case .revoked(let generation):
            guard generation == self.generation || self.generation < 0 else { return }
            isFetching = false
            if world.mutation == .ownershipOutlivesRebalance {
                world.rejoin(self)
            } else if world.mutation == .revokeDoesNotWait {
                machine.lose(Array(positions.keys))
                _ = machine.takeActions()
                giveBack()
            } else {
                if batchesAhead > 0 { world.sights.batchesAheadRevoked += 1 }
                machine.revoke(positions.keys.sorted(), now: now)
            }
        case .assigned(let groupMember, let generation, let numbers):
            guard groupMember == self.groupMember else { return }
            self.generation = generation
            isFetching = true
            world.fetchCommitted(numbers, for: self)
        case .fetched(let generation, let offsets):
            guard isFetching, generation == self.generation, groupMember != nil else { return }
            isFetching = false
            assign(offsets)
        case .rewind(let number, let offset):
            guard positions[number] != nil else { return }
            world.sights.rewinds += 1
            world.note("worker \(key) reads partition \(number) again from \(offset)")
            positions[number] = offset
            machine.rewound(partition: number, to: offset, now: now)
        case .expelled(let groupMember):
            guard groupMember == self.groupMember else { return }
            self.groupMember = nil
            generation = -1
            isFetching = false
            machine.lose(positions.keys.sorted())
            positions = [:]
            if !isStopping { world.join(self) }
        }
        step()
    }

    func stop() {
        isStopping = true
        machine.stop(grace: .seconds(1), now: now)
        step()
    }

    /// The machine has its turn, and what it asks for is set going.
    private func step() {
        guard !isDead else { return }
        world.countStep(of: self)
        guard !isDead else { return }
        for number in positions.keys where !paused.contains(number) {
            machine.learnLogEnd(partition: number, Int64(world.log.end(number)))
        }
        let deadline = machine.turn(now: now)
        for action in machine.takeActions() {
            perform(action)
            if isDead { return }
        }
        checkCounts(deadline: deadline)
        if batchesAhead > 0 { world.sights.turnsWithBatchesAhead += 1 }
        pollIfThereIsSomething()
        guard let deadline, deadline < wakeAt ?? .max else { return }
        wakeTicket += 1
        wakeAt = deadline
        world.schedule(deadline, .member(key, .wake(wakeTicket)))
    }

    private func perform(_ action: Action) {
        switch action {
        case .commit(let parts, let deadline):
            if outstanding != nil, world.mutation != .callBeforeIntentIsAcknowledged {
                world.report("two commits are outstanding")
            }
            commitNumber += 1
            var sent = parts
            if let mutation = world.mutation {
                sent = parts.map {
                    mutation.tamper(
                        $0, coder: world.coder($0.partition), position: positions[$0.partition] ?? 0,
                        room: world.scenario.settings.ledgerCharacters,
                        datasets: world.log.datasets.prefix(world.scenario.datasets))
                }
            }
            outstanding = (commitNumber, sent)
            world.after(.jiffy, .member(key, .sendCommit(commitNumber)))
            if world.mutation == .callBeforeIntentIsAcknowledged {
                world.after(.jiffy, .member(key, .commitAnswered(commitNumber, .resolved(refused: [:]))))
            } else {
                world.schedule(world.now + deadline.nanoseconds, .member(key, .commitDeadline(commitNumber)))
            }
        case .call(let call): start(call)
        case .deadLetter(let request):
            world.after(.jiffy, .member(key, .sendLetters(request)))
            if world.mutation == .deadLetterUnacknowledged {
                world.after(.jiffy, .member(key, .lettersAnswered(request.id, failure: nil)))
            }
        case .pause(let numbers):
            world.note("worker \(key) pauses \(numbers)")
            if machine.turn != nil { world.sights.turns += 1 }
            if machine.endingTurn != nil { world.sights.handovers += 1 }
            paused.formUnion(numbers)
        case .resume(let numbers):
            world.note("worker \(key) resumes \(numbers)")
            paused.subtract(numbers)
            pollIfThereIsSomething()
        case .rewind(let number, let offset):
            // Now and then the client fails to; it is asked again.
            if world.isUnlucky(world.scenario.lostAnswerChance) { return }
            world.after(.jiffy, .member(key, .rewind(number, offset)))
        case .unassign: giveBack()
        case .leave: world.leave(self)
        case .giveUp: world.kill(self, because: "gave up")
        case .notice(.noRoom): world.sights.fullLedgers += 1
        case .notice: break
        }
    }

    private func giveBack() {
        positions = [:]
        paused = []
        world.rejoin(self)
    }

    // MARK: - Reading

    private func assign(_ offsets: [(Int32, Coordinator.Committed?)]) {
        for (number, committed) in offsets {
            let verified =
                world.mutation?.unverified(committed, by: world.coder(number), all: world.coders) ?? committed
            let committed = world.mutation?.ledger(where: verified, coder: world.coder(number)) ?? verified
            world.notice(committed, inheritedBy: self, partition: number)
            var metadata = committed?.metadata ?? ""
            if let mutation = world.mutation, let committed {
                metadata = mutation.tamper(
                    metadata, committedAt: committed.offset, coder: world.coder(number), end: world.log.end(number))
            }
            machine.assign(number, committed: committed?.offset, metadata: metadata, start: 0, now: now)
            positions[number] = committed?.offset ?? 0
            paused.remove(number)
        }
    }

    func pollIfThereIsSomething() {
        guard !isPolling, !isDead, positions.contains(where: { $1 < world.log.end($0) && !paused.contains($0) }) else {
            return
        }
        guard !machine.sendsFirst else {
            world.sights.heldPolls += 1
            return
        }
        isPolling = true
        world.after(.poll, .member(key, .poll))
    }

    private func poll() {
        isPolling = false
        let readable = positions.keys.sorted().filter { !paused.contains($0) && positions[$0] ?? 0 < world.log.end($0) }
        guard let number = readable.randomElement(using: &world.random), let start = positions[number] else { return }
        let end = min(world.log.end(number), start + Int64.random(in: 1...8, using: &world.random))
        for offset in start..<end {
            guard let event = world.log.event(number, offset), !event.isRemoved else { continue }
            switch event.kind {
            case .tombstone: machine.appendTombstone(partition: number, offset: offset, now: now)
            case .junk:
                _ = machine.append(
                    Rejection(.notJSON, "value", "junk"), bytes: 20, partition: number, offset: offset, now: now)
            default:
                world.log.withEvent(event) {
                    machine.append($0, partition: number, offset: offset, now: now)
                }
            }
        }
        positions[number] = end
        if end == world.log.end(number) { machine.reachedEnd(partition: number, offset: end) }
    }

    // MARK: - Calls and commits

    private func start(_ call: Call) {
        var lines: [Int] = []
        call.batch.forEachLine(of: call.piece) { lines.append(SimulatedLog.number(inLine: $0)) }
        var hash = SHA256()
        call.batch.forEachPayloadChunk(of: call.piece) { hash.update(bufferPointer: $0) }
        let settings = world.scenario.settings
        var token = ClientToken.make(
            group: settings.group, topic: settings.topic, batch: call.batch, piece: call.piece,
            generation: call.generation, attempt: world.mutation == .attemptIgnored ? 0 : call.attempt,
            contentSHA256: Array(hash.finalize()))
        if world.mutation == .tokenWithRandomness { token += "-\(tokenSalt)" }
        let key = "\(token)/\(call.kind)"
        if world.mutation == .epochIgnored {
            let name = "\(call.id.lane.partition)/\(call.batch.dataset)"
            laneNames[call.id] = name
            latest[name] = call.id
        }
        if calls[key] != nil, world.mutation == .homecomingIgnored {
            calls[key]?.append(call.id)
            send(call, key: key, token: token, lines: lines)
            return
        }
        if calls[key] != nil {
            calls[key]?.append(call.id)
            return
        }
        calls[key] = [call.id]
        send(call, key: key, token: token, lines: lines)
    }

    /// What was sent and has had no answer.
    private var underWay: Set<String> = []

    private func send(_ call: Call, key: String, token: String, lines: [Int]) {
        if !underWay.insert(key).inserted { world.report("a worker asks the same twice at a time") }
        let dataset = world.log.datasets.firstIndex(of: call.batch.dataset) ?? 0
        let request = Request(member: self.key, key: key, kind: call.kind, dataset: dataset, token: token, lines: lines)
        world.after(.jiffy, .member(self.key, .send(request)))
    }

    private func answered(_ key: String, _ answer: Answer) {
        guard let ids = calls.removeValue(forKey: key) else { return }
        underWay.remove(key)
        for id in ids {
            machine.callFinished(id, answer, now: now)
            guard world.mutation == .epochIgnored else { continue }
            if let name = laneNames[id], let current = latest[name], current.lane.epoch > id.lane.epoch {
                machine.callFinished(current, answer, now: now)
            }
        }
    }

    private func sendCommit(_ number: Int) {
        guard let outstanding, outstanding.number == number || world.mutation == .callBeforeIntentIsAcknowledged else {
            return
        }
        // While the coordinator is away the client keeps it, and sends it under whatever generation it has by then.
        if world.isCoordinatorDown {
            world.schedule(world.coordinatorBackAt + 1, .member(key, .sendCommit(number)))
            return
        }
        world.sendCommit(
            CommitRequest(
                member: key, number: number, groupMember: groupMember ?? -1, generation: generation,
                parts: outstanding.parts))
    }
}

/// A commit as it travels.
struct CommitRequest {
    var member: Int
    var number: Int
    var groupMember: Int
    var generation: Int
    var parts: [PartitionCommit]
}
