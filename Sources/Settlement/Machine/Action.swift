package import Labelling

/// What the machine wants done. The runner does it and brings back the answer, in any order and at any time: an answer
/// for something that is no longer wanted changes nothing.
package enum Action: Sendable {
    /// Commit these offsets with this metadata, in one request. One is outstanding at a time; its outcome goes to
    /// `commitFinished`.
    case commit([PartitionCommit], deadline: Duration)
    /// One call to the API; its answer goes to `callFinished`.
    case call(Call)
    /// Write these to the dead-letter topic; acknowledged by the broker or not, it goes to `deadLettersFinished`.
    case deadLetter(DeadLetterRequest)
    case pause([Int32])
    case resume([Int32])
    /// Read the partition from this offset again: a lane that was stuck had to give up events for want of memory.
    /// Records, and news of the log's end, that were fetched but not handed over yet are to be dropped. Once done,
    /// `rewound` says so; until then it is asked for again every few seconds.
    case rewind(partition: Int32, offset: Int64)
    /// Give these partitions back to the group: everything that could be written about them has been.
    case unassign([Int32])
    /// Leave the group: all is written.
    case leave
    /// Close the client without another commit: the fate of the last one is unknown, so nothing that follows it could
    /// be trusted.
    case giveUp(reason: String)
    /// Nothing to do; something to say.
    case notice(Notice)
}

package struct PartitionCommit: Sendable, Equatable {
    package var partition: Int32
    /// The watermark.
    package var offset: Int64
    /// The ledger.
    package var metadata: String
}

/// Which lane an answer is for, and of which ownership: an answer of an older epoch changes nothing.
package struct LaneReference: Sendable, Hashable {
    package var partition: Int32
    package var epoch: Int
    /// -1: the records of no dataset.
    var lane: Int32
}

package struct RequestID: Sendable, Hashable {
    package var lane: LaneReference
    var sequence: Int
}

package struct Call: Sendable {
    package enum Kind: Sendable, Equatable {
        /// Send the piece and wait for the terminal status of this update.
        case update
        /// The token is too old to be sent: read the dataset's entries and compare.
        case readBack
        /// Create the project and the dataset, whichever is missing.
        case createDataset
    }
    package var id: RequestID
    package var kind: Kind
    package var batch: Batch
    package var piece: Piece
    /// Seconds since the epoch from which on an update must not be sent: its token may have been forgotten. Whoever sends
    /// looks once more, since a process can be stopped for hours between the decision and the request.
    package var notAfter: Int64
    package var generation: Int
    package var attempt: Int
    /// Whether the token is made of the payload's digest instead of the body's.
    package var hasPayloadToken: Bool
}

package struct DeadLetter: Sendable, Equatable {
    package enum Cause: Sendable, Equatable {
        /// The record could not be decoded.
        case rejected(Rejection)
        /// The API refused it.
        case refused(DeadLetterReason, message: String)
    }
    package var offset: Int64
    package var cause: Cause
    /// The entry as it was sent, should the log no longer hold the record; nil where there is no entry.
    package var line: [UInt8]?
}

package struct DeadLetterRequest: Sendable {
    package var id: RequestID
    package var partition: Int32
    package var dataset: DatasetKey?
    package var letters: [DeadLetter]
}

/// What came of a commit.
package enum CommitAnswer: Sendable {
    /// The coordinator answered; partitions that it refused, with the reason.
    case resolved(refused: [Int32: String])
    /// Certainly not carried out.
    case failed(String)
    /// Nobody knows, and it may yet be carried out.
    case unknown
}

/// Something worth a line in the log; the machine has no logger.
package enum Notice: Sendable {
    case ledgerIgnored(partition: Int32, LedgerError)
    case assigned(partition: Int32, offset: Int64, named: Int, inFlight: Int)
    case settled(BatchReport)
    case waiting(DatasetKey, partition: Int32, WaitReason, message: String, delay: Duration, failures: Int)
    case commitFailed(String)
    /// A record cannot be decoded, and by `InvalidEventPolicy.halt` its partition's offset stays before it.
    case halted(partition: Int32, offset: Int64, Rejection)
    /// The ledger of this partition is full: nothing new is cut there until something settles.
    case noRoom(partition: Int32)
    /// The watermark of a partition has not moved for longer than `Settings.stallAfter`.
    case stalled(Holdup)
}

/// One line of a batch's life, for people.
package struct BatchReport: Sendable {
    package var dataset: DatasetKey
    package var partition: Int32
    package var firstOffset: Int64
    package var cut: Int64
    package var events: Int
    package var lines: Int
    package var bytes: Int
    package var calls: Int
    /// From the cut (or, re-formed, from its first place among the concurrent calls) to the settlement.
    package var duration: Duration
}
