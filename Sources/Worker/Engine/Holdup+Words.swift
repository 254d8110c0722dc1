internal import Settlement

extension Holdup.Why {
    /// For somebody who was woken up by it.
    var words: String {
        switch self {
        case .readingUpTo(let offset): "the log is being read up to offset \(offset) to form a batch again"
        case .waitingForCommit: "the commit that records the batch is not acknowledged"
        case .waitingForPlace: "the batch waits for one of the concurrent places"
        case .calling: "a call has not been answered"
        case .waiting(let reason): "the lane waits: \(reason.rawValue)"
        case .writingDeadLetters: "its dead letters are not acknowledged"
        case .datasetBusyElsewhere: "the dataset has a batch in flight from another partition"
        case .ledgerFull: "the ledger is full"
        case .gathering: "its events wait for their turn"
        }
    }
}
