internal import Kafka

/// The one commit that has no outcome yet, and how to find out by asking when nobody told.
struct OutstandingCommit {
    let commits: [OffsetCommit]
    /// Monotonic nanoseconds after which its fate counts as unknown.
    let deadline: Int64
    /// Set once the connection broke before the answer came: when to ask the coordinator next what it has stored.
    var nextReadBack: Int64?

    enum Finding: Equatable {
        /// Partitions whose part of the commit is not there, but what was there before.
        case resolved(missing: [Int32])
        /// Something that this member never wrote: somebody else commits for the group.
        case foreign(partition: Int32)
    }

    /// What the group's offsets, read after the answer was lost, say of this commit, given what was there before it.
    /// Throws the error of a partition that could not be read.
    func compare(_ found: [CommittedOffset], before: [Int32: OffsetCommit]) throws(KafkaError) -> Finding {
        let found = Dictionary(found.map { ($0.partition, $0) }, uniquingKeysWith: { first, _ in first })
        var missing: [Int32] = []
        for commit in commits {
            guard let there = found[commit.partition] else { continue }
            if let error = there.error { throw error }
            if there.offset == commit.offset, there.metadata == commit.metadata { continue }
            let known = before[commit.partition]
            guard there.offset == known?.offset, there.metadata == known?.metadata ?? "" else {
                return .foreign(partition: commit.partition)
            }
            missing.append(commit.partition)
        }
        return .resolved(missing: missing)
    }
}

extension KafkaError {
    /// Whether a commit that failed so may have been stored all the same: the request went out, and no answer came.
    var leavesCommitInDoubt: Bool { ["_TRANSPORT", "_TIMED_OUT", "_TIMED_OUT_QUEUE"].contains(name) }
}
