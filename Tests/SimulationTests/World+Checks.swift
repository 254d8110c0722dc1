import Settlement

extension World {
    /// How long, in wall milliseconds, an update's token is certain to protect it.
    private static let protectedTime: Int64 = (7 * 3600 + 1800) * 1000

    func apply(_ lines: [Int], to dataset: Int, token: String) {
        for id in lines {
            let event = log.events[id]
            // Later than that the batch may go out again, after a look at the dataset and under another token.
            let isRepeated = event.applied.contains { $0.token == token || wall - $0.wall < Self.protectedTime }
            if isRepeated, !mayRepeat(event) { report("event \(id) was applied a second time, by \(token)") }
            // (A good line that an outage cost its place may still find it, once hours have passed.)
            if let letter = event.deadLettered, wall - letter < Self.protectedTime, !mayRepeat(event),
                !(scenario.hasOutage && hasWallJumped)
            {
                report("event \(id) was dead-lettered, then applied")
            }
            log.events[id].applied.append((wall, token))
            api.datasets[dataset].entries[event.ref] = id
        }
    }

    /// Where the ledger or records were taken away, the promise is at least once.
    private func mayRepeat(_ event: SimulatedLog.Event) -> Bool {
        foreign.contains(event.partition) || compacted.contains(event.dataset)
    }

    func record(_ letter: DeadLetter, partition: Int32) {
        guard let event = log.event(partition, letter.offset) else {
            report("a dead letter for an offset that does not exist")
            return
        }
        note("event \(event.id) is dead-lettered: \(letter.cause)")
        log.events[event.id].deadLettered = wall
        switch letter.cause {
        case .rejected:
            if event.kind != .junk { report("event \(event.id) was rejected, though it can be read") }
        case .refused(.datasetMissing, _):
            if scenario.settings.onMissingDataset != .deadLetter || api.datasets[event.dataset].exists {
                report("event \(event.id) was dead-lettered for a dataset that exists")
            }
        case .refused:
            if !event.isBad, !scenario.hasOutage { report("event \(event.id) was dead-lettered, though it is good") }
        }
        if let applied = event.applied.last, wall - applied.wall < Self.protectedTime, !mayRepeat(event) {
            report("event \(event.id) was applied, then dead-lettered")
        }
    }

    /// What a commit and its ledger say is settled has to be.
    func checkCommit(_ commit: PartitionCommit) {
        guard !foreign.contains(commit.partition) else { return }
        let ledger = try? coder(commit.partition).decode(commit.metadata, committedAt: commit.offset)
        if ledger?.ceiling != nil { sights.ceilings += 1 }
        for entry in ledger?.entries ?? [] {
            switch entry.name {
            case .dataset: sights.names += 1
            case .hash: sights.hashes += 1
            case .noDataset: break
            }
        }
        if commit.offset > log.end(commit.partition) { report("an offset beyond the log was committed") }
        for id in log.partitions[Int(commit.partition)] {
            let event = log.events[id]
            guard !log.isDone(event) else { continue }
            if event.offset < commit.offset {
                report("offset \(commit.offset) of partition \(commit.partition) passes event \(id)")
            }
            guard let ledger else { continue }
            let dataset = event.hasLine ? log.datasets[event.dataset] : nil
            let settled = dataset.map { ledger.settled($0) } ?? ledger.settledWithoutDataset
            if event.offset <= settled {
                report("the ledger of partition \(commit.partition) says that event \(id) is settled")
            }
        }
        if commit.metadata.utf8.count > scenario.settings.ledgerCharacters {
            report("the ledger has \(commit.metadata.utf8.count) characters")
        }
    }

    /// After everything has come to rest.
    func checkEnd() {
        var fold: [[Int: Int]] = Array(repeating: [:], count: scenario.datasets)
        // An image one of whose events was applied and then, in a history that began again, refused (or the other way
        // round) may rightly end either way. Whether that may happen at all is checked as it does.
        var ambiguous: [Set<Int>] = Array(repeating: [], count: scenario.datasets)
        for id in log.partitions.joined() {
            let event = log.events[id]
            if !log.isDone(event) { report("event \(id) was neither applied nor dead-lettered") }
            if log.isLost(event) { report("event \(id) was removed from the log before it was settled") }
            guard event.hasLine, !(event.isRemoved && event.applied.isEmpty) else { continue }
            if event.deadLettered == nil {
                fold[event.dataset][event.ref] = id
            } else if !event.applied.isEmpty {
                ambiguous[event.dataset].insert(event.ref)
            }
        }
        // A batch in flight whose records are gone cannot be formed again, so a request for it that comes late meets
        // nobody who knows its token: there the promise ends.
        for dataset in fold.indices where !(compacted.contains(dataset) && scenario.hasLateRequests) {
            let held = api.datasets[dataset].entries.filter { !ambiguous[dataset].contains($0.key) }
            let due = fold[dataset].filter { !ambiguous[dataset].contains($0.key) }
            guard held != due else { continue }
            report(
                "dataset \(dataset) holds \(held.sorted { $0.key < $1.key }), "
                    + "its events say \(due.sorted { $0.key < $1.key })")
        }
    }
}
