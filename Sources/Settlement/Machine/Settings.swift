internal import LookoutVision

/// What the operator may choose; everything else is the protocol.
package struct Settings: Sendable {
    /// Part of every client token, so two groups (or two topics) never share one.
    package var group: String
    package var topic: String

    /// How long a lane waits for more events after its first before a batch is cut, at most: every lane ripens after a
    /// time of its own, from seven eighths of this on.
    package var linger: Duration = .seconds(1)
    /// Whether lanes wait for company although their partition has been read to its end. Not where only what is there is
    /// to be settled.
    package var lingersAtEnd = true
    /// Bytes of a payload at most; never above the API's limit.
    package var batchBytes = Limits.changesBytes.upperBound
    /// Events of a batch at most.
    package var batchLines = 50_000
    /// Batches being sent at most, over all lanes. Up to twice as many more are recorded ahead.
    package var concurrency = 32
    /// Bytes of events held at most, over all partitions; above its share a partition is paused.
    package var memoryBytes = 128 << 20
    /// Bytes of a batch below which its calls cost more than what they carry: while memory is short, lanes wait rather than
    /// send less.
    package var worthwhileBytes = 64 << 10
    /// A partition is behind with more records than that still to be read.
    package var backlogRecords = 4096
    /// With so many records of a partition still to be read, the next one's turn to be read begins: about as many as have
    /// been fetched ahead, or will be before the next one's come.
    package var handoverRecords = 40_000
    /// How long nothing may come from the partition whose turn it is to be read. Longer than a broker holds back the answer
    /// to a fetch that finds nothing.
    package var turnPatience: Duration = .milliseconds(200)

    /// Characters of commit metadata at most. Brokers refuse more than `offset.metadata.max.bytes`, 4096 by default.
    package var ledgerCharacters = 3900
    /// How long settled state may wait for a commit that carries an intent anyway.
    package var commitInterval: Duration = .milliseconds(200)
    /// How long a commit may stay unresolved before the member gives up its place rather than trust it.
    package var commitDeadline: Duration = .seconds(30)
    /// The same while partitions are being taken away: the whole group waits for us then.
    package var revokeDeadline: Duration = .seconds(5)

    /// How long a partition may have something to settle and not get on before that is reported.
    package var stallAfter: Duration = .seconds(300)

    /// A token this old is not sent again. The API forgets a token after 8 hours; half an hour is margin for clocks
    /// and for a request that is slow to arrive.
    package var tokenAge: Duration = .seconds(7 * 3600 + 1800)
    package var onMissingDataset = MissingDatasetPolicy.wait
    package var onInvalid = InvalidEventPolicy.deadLetter

    package init(group: String, topic: String) {
        self.group = group
        self.topic = topic
    }
}

/// What to do with events whose project or dataset does not exist.
package enum MissingDatasetPolicy: String, Sendable, CaseIterable {
    /// The lane waits until somebody creates it.
    case wait
    /// The worker creates project and dataset.
    case create
    /// The events are dead-lettered.
    case deadLetter = "dead-letter"
}

/// What to do with records that cannot be decoded, and with lines that the API refuses each alone.
package enum InvalidEventPolicy: String, Sendable, CaseIterable {
    /// They are dead-lettered, and count as settled.
    case deadLetter = "dead-letter"
    /// They stay unsettled, with all that follows in their lane, until somebody mends what refuses them or decides
    /// otherwise. The offset is held; other lanes go on.
    case halt
}
