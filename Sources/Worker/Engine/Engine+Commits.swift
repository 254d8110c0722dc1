internal import Kafka
internal import Logging
internal import Settlement

extension Engine {
    /// How long one question about a commit may keep the poll thread, and the pause between two.
    private static let readBackTimeout: Duration = .seconds(1)
    private static let readBackPause: Duration = .milliseconds(250)

    func commit(_ commits: [PartitionCommit], deadline: Duration, _ control: ConsumerControl) {
        let commits = commits.map {
            OffsetCommit(partition: $0.partition, offset: $0.offset, metadata: $0.metadata)
        }
        outstanding = OutstandingCommit(commits: commits, deadline: clock.now.monotonic + deadline.nanoseconds)
        _ = control.commit(commits, deadline: deadline)
    }

    func commitFinished(_ id: CommitID, _ outcome: CommitOutcome, by control: ConsumerControl) {
        guard !hasGivenUp, outstanding != nil else { return }
        switch outcome {
        case .resolved(let results):
            // A broken connection is reported as an error of each partition.
            if let error = results.lazy.compactMap(\.error).first(where: \.leavesCommitInDoubt) {
                startReadingBack(after: error)
            } else {
                finishCommit(
                    refused: Dictionary(
                        results.compactMap { result in result.error.map { (result.partition, $0.description) } },
                        uniquingKeysWith: { first, _ in first }))
            }
        case .failed(let error) where error.leavesCommitInDoubt:
            startReadingBack(after: error)
        case .failed(let error):
            outstanding = nil
            metrics.commit(.refused)
            settlement.commitFinished(.failed(error.description), now: clock.now)
        case .timedOut:
            loseCommit(now: clock.now)
        }
    }

    /// Nobody knows what became of the commit.
    private func loseCommit(now: Moment) {
        outstanding = nil
        metrics.commit(.unknown)
        settlement.commitFinished(.unknown, now: now)
    }

    /// What was stored decides which batches the next commit may still take back; asked from the next turn on.
    private func startReadingBack(after error: KafkaError) {
        logger.notice("A commit has lost its answer; reading it back", metadata: ["error": "\(error)"])
        outstanding?.nextReadBack = clock.now.monotonic
    }

    /// Asks what became of a commit whose answer was lost, until that is known or its deadline has passed.
    func readBackCommit(_ control: ConsumerControl, now: Moment) {
        guard let commit = outstanding, let due = commit.nextReadBack, due <= now.monotonic else { return }
        do throws(KafkaError) {
            let found = try control.committed(commit.commits.map(\.partition), timeout: Self.readBackTimeout)
            switch try commit.compare(found, before: committed) {
            case .resolved(let missing):
                finishCommit(
                    refused: Dictionary(
                        missing.map { ($0, "not stored when the connection broke") },
                        uniquingKeysWith: { first, _ in first }))
            case .foreign(let partition):
                logger.error(
                    "Somebody else commits offsets for this group", metadata: ["partition": "\(partition)"])
                loseCommit(now: clock.now)
            }
        } catch {
            let now = clock.now
            guard now.monotonic < commit.deadline else { return loseCommit(now: now) }
            outstanding?.nextReadBack = now.monotonic + Self.readBackPause.nanoseconds
        }
    }

    private func finishCommit(refused: [Int32: String]) {
        for commit in outstanding?.commits ?? [] where refused[commit.partition] == nil {
            committed[commit.partition] = commit
            watch.views[commit.partition]?.ledgerBytes = commit.metadata.utf8.count
            watch.traces.committed(commit.partition, offset: commit.offset)
        }
        outstanding = nil
        metrics.commit(refused.isEmpty ? .stored : .refused)
        settlement.commitFinished(.resolved(refused: refused), now: clock.now)
        if settlement.isIdle { idle() }
    }
}
