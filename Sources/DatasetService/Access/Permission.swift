import LookoutVision

/// What a key may do in a project; each includes the ones before it.
package enum Permission: String, Sendable, Hashable, CaseIterable, Comparable {
    /// Describe and list.
    case read
    /// Update a dataset's entries.
    case write
    /// Create and delete.
    case admin

    package static func < (left: Permission, right: Permission) -> Bool {
        left.rank < right.rank
    }

    private var rank: Int {
        switch self {
        case .read: 0
        case .write: 1
        case .admin: 2
        }
    }
}

extension LookoutVision.Operation {
    /// What a caller needs in the project that the operation is about.
    var permission: Permission {
        switch self {
        case .listProjects, .describeProject, .describeDataset, .listDatasetEntries: .read
        case .updateDatasetEntries: .write
        case .createProject, .deleteProject, .createDataset, .deleteDataset: .admin
        }
    }
}
