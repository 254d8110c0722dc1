/// Names an accepted update for as long as the database exists.
struct UpdateID: Sendable, Hashable {
    var rawValue: Int64
}

/// Names a dataset for as long as the database exists; one that takes a deleted one's name has another.
struct DatasetID: Sendable, Hashable {
    var rawValue: Int64
}

/// Work that was accepted with 202 and goes on after the answer. It stands in the database until it is over, so that
/// the next process goes on with what one left.
enum Job: Sendable, Hashable {
    /// An update is to be applied, or refused whole.
    case update(UpdateID)
    /// A dataset is to be filled from its manifest.
    case creation(DatasetID)
    /// A dataset's entries are to be removed.
    case deletion(DatasetID)
}
