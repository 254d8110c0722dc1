import Labelling
import Settlement

extension World {
    private static let sessionTime: Int64 = 2_000_000_000
    private static let rebalanceTime: Int64 = 8_000_000_000

    // MARK: - Processes

    func kill(_ member: Member, because reason: String) {
        guard !member.isDead else { return }
        note("worker \(member.key) \(reason)")
        if member.batchesAhead > 0 { sights.batchesAheadLeft += 1 }
        member.isDead = true
        members[member.key] = nil
        if let groupMember = member.groupMember {
            schedule(now + Self.sessionTime, .sessionOver(groupMember: groupMember, member: member.key))
        }
        restart(member)
    }

    /// The member has written what it could and goes.
    func leave(_ member: Member) {
        note("worker \(member.key) leaves")
        if member.batchesAhead > 0 { sights.batchesAheadLeft += 1 }
        member.isDead = true
        members[member.key] = nil
        if let groupMember = member.groupMember { removeFromGroup(groupMember) }
        restart(member)
    }

    private func restart(_ member: Member) {
        guard let slot = slots.firstIndex(of: member.key) else { return }
        clearSlot(slot)
        after(.restart, .start(slot: slot))
    }

    func freeze(_ member: Member, until time: Int64) {
        guard member.frozenUntil == nil else { return }
        note("worker \(member.key) is frozen for \((time - now) / 1_000_000) ms")
        member.frozenUntil = time
        if let groupMember = member.groupMember, time - now > Self.sessionTime {
            schedule(now + Self.sessionTime, .sessionOver(groupMember: groupMember, member: member.key))
        }
        schedule(time, .thaw(member.key))
    }

    func thaw(_ key: Int) {
        guard let member = members[key], member.frozenUntil != nil else { return }
        note("worker \(key) thaws with \(member.inbox.count) in its inbox")
        member.frozenUntil = nil
        let inbox = member.inbox
        member.inbox = []
        for inbound in inbox {
            guard !member.isDead else { return }
            member.receive(inbound)
        }
    }

    // MARK: - The group

    func join(_ member: Member) {
        let groupMember = coordinator.join()
        member.groupMember = groupMember
        member.generation = -1
        note("worker \(member.key) joins as \(groupMember)")
        rebalance(joined: groupMember)
    }

    func rebalance(joined: Int? = nil) {
        let wasStable = coordinator.isStable
        for groupMember in coordinator.startRebalance(joined: joined) {
            guard let member = process(of: groupMember) else { continue }
            tell(member, .revoked(generation: coordinator.generation))
        }
        if wasStable {
            schedule(now + Self.rebalanceTime, .rebalanceOver(generation: coordinator.generation))
        }
        finishRebalance()
    }

    /// The member has given back what it had.
    func rejoin(_ member: Member) {
        guard let groupMember = member.groupMember else { return }
        guard !coordinator.isStable else { return }
        coordinator.rejoin(groupMember)
        finishRebalance()
    }

    func removeFromGroup(_ groupMember: Int) {
        guard coordinator.members.contains(groupMember) else { return }
        note("the group drops \(groupMember)")
        coordinator.remove(groupMember)
        if let member = process(of: groupMember) {
            tell(member, .expelled(groupMember: groupMember))
        }
        if coordinator.isStable { rebalance() } else { finishRebalance() }
    }

    private func process(of groupMember: Int) -> Member? {
        slots.lazy.compactMap { $0.flatMap { self.members[$0] } }.first { $0.groupMember == groupMember }
    }

    private func finishRebalance() {
        guard coordinator.finishRebalance() else { return }
        let members = coordinator.members.shuffled(using: &random)
        var shares: [Int: [Int32]] = [:]
        for partition in 0..<Int32(scenario.partitions) {
            shares[members[Int(partition) % members.count], default: []].append(partition)
        }
        note("generation \(coordinator.generation): \(members.map { "\($0) has \(shares[$0] ?? [])" })")
        for groupMember in members {
            guard let member = process(of: groupMember) else { continue }
            tell(
                member,
                .assigned(groupMember: groupMember, generation: coordinator.generation, shares[groupMember] ?? []))
        }
    }

    func fetchCommitted(_ numbers: [Int32], for member: Member) {
        let offsets = numbers.map { ($0, coordinator.committed[$0]) }
        tell(member, .fetched(generation: member.generation, offsets))
    }

    private func tell(_ member: Member, _ word: Member.Inbound) {
        member.groupWordAt = max(member.groupWordAt + 1, now + duration(.network))
        schedule(member.groupWordAt, .member(member.key, word))
    }

    // MARK: - Commits

    func sendCommit(_ request: CommitRequest) {
        note("worker \(request.member) sends commit \(request.number) of generation \(request.generation)")
        after(.network, .commit(request))
    }

    func commit(_ request: CommitRequest) {
        var refused: [Int32: String] = [:]
        let isAccepted =
            mutation == .staleMembersMayCommit
            || coordinator.accepts(member: request.groupMember, generation: request.generation)
        if isAccepted {
            for part in request.parts {
                checkCommit(part)
                coordinator.committed[part.partition] = .init(offset: part.offset, metadata: part.metadata)
                note("committed \(part.partition): \(describe(part))")
            }
        } else {
            note("commit \(request.number) of worker \(request.member) is refused")
            for part in request.parts { refused[part.partition] = "illegal generation" }
        }
        guard !areCommitAnswersLost else { return }
        after(.network, .member(request.member, .commitAnswered(request.number, .resolved(refused: refused))))
    }

    func describe(_ commit: PartitionCommit) -> String {
        guard let ledger = try? coder(commit.partition).decode(commit.metadata, committedAt: commit.offset) else {
            return "\(commit.offset) \(commit.metadata)"
        }
        let entries = ledger.entries.map { entry in
            "\(entry.name) settled \(entry.settled)"
                + (entry.inFlight.map { " in flight to \($0.cut) gen \($0.generation)" } ?? "")
        }
        return "\(ledger.offset) floor \(ledger.floor) ceiling \(ledger.ceiling?.offset ?? -1) \(entries)"
    }

    // MARK: - Dead letters

    func sendLetters(_ request: DeadLetterRequest, from member: Member) {
        after(.network, .letters(request, member: member.key))
    }

    func writeLetters(_ request: DeadLetterRequest, from member: Int) {
        guard !areDeadLettersDown else {
            after(.network, .member(member, .lettersAnswered(request.id, failure: "no broker")))
            return
        }
        for letter in request.letters { record(letter, partition: request.partition) }
        // Written, and nobody hears of it.
        let failure = isUnlucky(scenario.lostAnswerChance) ? "no acknowledgement" : nil
        after(.network, .member(member, .lettersAnswered(request.id, failure: failure)))
    }
}
