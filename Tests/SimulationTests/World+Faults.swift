import Settlement

extension World {
    var areCommitAnswersLost: Bool { now < commitAnswersLostUntil }
    var areDeadLettersDown: Bool { now < deadLettersDownUntil }
    var areCallsUnreachable: Bool { now < unreachableUntil }
    var areCallsDenied: Bool { now < deniedUntil }
    var doUpdatesFail: Bool { now < updatesFailUntil }

    func inject(_ fault: Scenario.Fault) {
        let living = slots.compactMap { $0.flatMap { members[$0] } }
        switch fault {
        case .crash: if let member = living.randomElement(using: &random) { kill(member, because: "crashes") }
        case .freeze(let time):
            if let member = living.randomElement(using: &random) { freeze(member, until: now + time) }
        case .rebalance: if coordinator.isStable, !coordinator.members.isEmpty { rebalance() }
        case .stop:
            if let member = living.randomElement(using: &random), member.frozenUntil == nil, !member.isStopping {
                note("worker \(member.key) is asked to stop")
                member.stop()
            }
        case .coordinatorDown(let time): coordinatorBackAt = max(coordinatorBackAt, now + time)
        case .lostCommitAnswers(let time): commitAnswersLostUntil = now + time
        case .everyUpdateFails(let time): updatesFailUntil = now + time
        case .unreachable(let time): unreachableUntil = now + time
        case .accessDenied(let time): deniedUntil = now + time
        case .deadLettersDown(let time): deadLettersDownUntil = now + time
        case .wallJump(let hours): jump(hours: Int64(hours))
        case .foreignMetadata: corrupt()
        case .compaction: compact()
        }
        note("fault \(fault)")
    }

    /// Everything that takes hours is over: frozen processes are dead, requests on their way have timed out.
    private func jump(hours: Int64) {
        endWhatIsLate()
        for dataset in api.datasets.indices {
            if let token = api.datasets[dataset].updating { endUpdate(dataset, token, isHeardOf: false) }
        }
        moveWall(by: hours * 3_600_000)
    }

    private func endWhatIsLate() {
        for member in slots.compactMap({ $0.flatMap { members[$0] } }) where member.frozenUntil != nil {
            kill(member, because: "was frozen for hours")
        }
        dropRequestsOnTheirWay()
    }

    /// An operator, or a mirroring tool, writes what is not ours. That can be done to a group without members alone.
    private func corrupt() {
        for member in slots.compactMap({ $0.flatMap { members[$0] } }) { kill(member, because: "is stopped for it") }
        for groupMember in coordinator.members { removeFromGroup(groupMember) }
        dropRequestsOnTheirWay()
        let partition = Int32.random(in: 0..<Int32(scenario.partitions), using: &random)
        guard let committed = coordinator.committed[partition] else { return }
        foreign.insert(partition)
        let other = (partition + 1) % Int32(scenario.partitions)
        switch Int.random(in: 0..<5, using: &random) {
        case 4:
            let metadata = coordinator.committed[other]?.metadata ?? "copied"
            coordinator.committed[partition]?.metadata = metadata
        case 3: coordinator.committed[partition] = nil
        case 0: coordinator.committed[partition]?.metadata = ""
        case 1: coordinator.committed[partition]?.metadata = "mirrored by hand"
        default: coordinator.committed[partition]?.offset = Int64.random(in: 0...committed.offset, using: &random)
        }
    }

    /// Records that a later one of the same image replaces are removed, and so is what lies below the committed offset.
    ///
    /// It lags behind the log by longer than a request travels or a process freezes: a batch whose records are gone
    /// cannot be formed again, so nobody would know what a request that comes later still means.
    private func compact() {
        endWhatIsLate()
        for id in log.events.indices where !log.events[id].isRemoved {
            let event = log.events[id]
            let committed = coordinator.committed[event.partition]?.offset ?? 0
            let isReplaced = log.partitions[Int(event.partition)][Int(event.offset + 1)...].contains { later in
                log.events[later].kind == .good && log.events[later].dataset == event.dataset
                    && log.events[later].ref == event.ref
            }
            let isExpired = mutation == .retentionOfUnsettled && event.offset < committed + 3
            guard isExpired || event.offset < committed || (event.hasLine && isReplaced && Bool.random(using: &random))
            else {
                continue
            }
            log.events[id].isRemoved = true
            if event.offset >= committed { compacted.insert(event.dataset) }
        }
    }

    func heal() {
        note("everything heals")
        markHealed()
        for member in slots.compactMap({ $0.flatMap { members[$0] } }) where member.frozenUntil != nil {
            thaw(member.key)
        }
        if scenario.settings.onMissingDataset == .wait {
            for index in api.datasets.indices { api.datasets[index].exists = true }
        }
        for key in slots { key.flatMap { members[$0] }?.pollIfThereIsSomething() }
    }
}
