package import LookoutVision

/// The dataset that a labelling event is for: a project and which of its two datasets.
package struct DatasetKey: Hashable, Sendable, Comparable, CustomStringConvertible {
    package let project: String
    package let type: DatasetType

    package init(project: String, type: DatasetType) {
        self.project = project
        self.type = type
    }

    /// `project/type`, the record key by which a topic keeps a dataset in one partition.
    package var description: String { "\(project)/\(type.rawValue)" }

    /// By project, then type: the same in every process, so that whatever is listed by key is listed in one order.
    package static func < (left: Self, right: Self) -> Bool {
        (left.project, left.type.rawValue) < (right.project, right.type.rawValue)
    }
}
