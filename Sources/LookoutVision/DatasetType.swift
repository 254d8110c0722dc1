/// Which of a project's two datasets is meant.
///
/// Source: service model 2020-11-20, shape `DatasetType` (pattern `train|test`).
package enum DatasetType: String, Sendable, Hashable, Codable, CaseIterable {
    case train
    case test
}
