/// What a consumer tells, always on its own thread and never re-entrantly.
///
/// A delegate needs no locks for state that only these calls touch. No call may block for long: heartbeats go on
/// by themselves, but records, commit results and rebalances of this consumer wait. The control comes with every
/// call; it holds the delegate, so a delegate that keeps it keeps it unowned.
package protocol ConsumerDelegate: AnyObject {
    /// The group gave these partitions. Must lead, now or later, to `control.assign` of each, in as many calls as it
    /// takes. May be empty when the group has more members than partitions; nothing has to be assigned then. Not told
    /// while closing.
    func partitionsAssigned(_ partitions: [Int32], by control: ConsumerControl)

    /// The group wants these partitions back. Must lead, now or later (after an outstanding commit resolved), to
    /// `control.unassign` of each; until then the group waits and this member still may commit. No record of them
    /// is delivered any more.
    func partitionsRevoked(_ partitions: [Int32], by control: ConsumerControl)

    /// These partitions belong to someone else already, or the group could not be joined again: drop their state, commit
    /// nothing. They are unassigned by the consumer itself right after this call.
    func partitionsLost(_ partitions: [Int32], by control: ConsumerControl)

    /// The next record of an assigned partition, offsets strictly rising (gaps are legal: compaction, transactions).
    /// After `pause` a few records that were already on their way may still come. The record is the delegate's own now, to
    /// be kept as long as it needs, and on whatever thread.
    func received(_ record: consuming Record, by control: ConsumerControl)

    /// Everything below `offset` that this partition holds right now has been delivered.
    func reachedEnd(partition: Int32, offset: Int64, by control: ConsumerControl)

    /// What became of a commit; exactly once per `control.commit`, never from inside that call.
    func commitFinished(_ id: CommitID, _ outcome: CommitOutcome, by control: ConsumerControl)

    /// Something went wrong. Most errors heal inside librdkafka and are for the log; after a fatal one the
    /// consumer ends.
    func consumerFailed(_ error: KafkaError, by control: ConsumerControl)

    /// The last call: the client is about to be destroyed, which no record may outlive.
    func consumerEnds(by control: ConsumerControl)

    /// Called after each round of records, after a wake and when the answered time has passed: does due work.
    ///
    /// - Returns: how long the consumer may wait for news before the next call; more than a second is a second.
    func turn(_ control: ConsumerControl) -> Duration
}

/// Names one commit of one consumer.
package struct CommitID: Hashable, Sendable {
    let number: Int

    package init(number: Int) {
        self.number = number
    }
}

/// What became of a commit.
package enum CommitOutcome: Sendable {
    /// The broker answered: each partition's own result. Only those without error are stored.
    case resolved([(partition: Int32, error: KafkaError?)])
    /// Nothing was stored, as far as the client knows.
    case failed(KafkaError)
    /// No answer within the deadline: it may have been stored, may yet be, or not. Read it back to know.
    case timedOut
}

/// How a consumer ended.
package struct ConsumerEnd: Sendable {
    /// The fatal error that ended it; nil after `close`.
    package let error: KafkaError?
    /// Whether the client was closed in order. If not, or under a `group.instance.id`, which stays in the group so that
    /// its successor finds the same place, the broker waits for the session to time out.
    package let leftGroup: Bool
    /// Whether librdkafka gave everything back in time. If not, its threads end later or with the process.
    package let isDestroyed: Bool

    package init(error: KafkaError?, leftGroup: Bool, isDestroyed: Bool) {
        self.error = error
        self.leftGroup = leftGroup
        self.isDestroyed = isDestroyed
    }
}

/// Counts of messages that were kept from the delegate.
package struct DroppedRecords: Sendable, Hashable {
    /// Below the next expected offset: librdkafka went back on its own.
    package var rewound = 0
    /// Of a partition that is not assigned, or is being given back.
    package var unassigned = 0

    package init(rewound: Int = 0, unassigned: Int = 0) {
        self.rewound = rewound
        self.unassigned = unassigned
    }
}
