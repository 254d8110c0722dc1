internal import ArgumentParser

/// What an export is for.
enum ExportFormat: String, ExpressibleByArgument, CaseIterable {
    /// The lines as they are stored.
    case manifest
    /// What SageMaker's Marketplace algorithm "Computer Vision Defect Detection" is trained with.
    case sagemaker
    /// A table for Anomalib's `Tabular`.
    case anomalib
}
