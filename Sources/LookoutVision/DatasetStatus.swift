/// The life of a dataset as `DescribeDataset` and `UpdateDatasetEntries` tell it.
///
/// Source: service model 2020-11-20, shape `DatasetStatus`. There is no plain `UPDATE_FAILED`: an update is all or
/// nothing, so a failed one has always been rolled back.
package enum DatasetStatus: String, Sendable, Hashable, Codable, CaseIterable {
    case createInProgress = "CREATE_IN_PROGRESS"
    case createComplete = "CREATE_COMPLETE"
    case createFailed = "CREATE_FAILED"
    case updateInProgress = "UPDATE_IN_PROGRESS"
    case updateComplete = "UPDATE_COMPLETE"
    case updateFailedRollbackInProgress = "UPDATE_FAILED_ROLLBACK_IN_PROGRESS"
    case updateFailedRollbackComplete = "UPDATE_FAILED_ROLLBACK_COMPLETE"
    case deleteInProgress = "DELETE_IN_PROGRESS"
    case deleteComplete = "DELETE_COMPLETE"
    case deleteFailed = "DELETE_FAILED"

    /// Whether nothing is going on: the status stays until somebody asks for a change.
    package var isTerminal: Bool {
        switch self {
        case .createInProgress, .updateInProgress, .updateFailedRollbackInProgress, .deleteInProgress: false
        case .createComplete, .createFailed, .updateComplete, .updateFailedRollbackComplete, .deleteComplete,
            .deleteFailed:
            true
        }
    }
}
