import LookoutVision

/// How much the service holds; nil is no limit.
package struct Quotas: Sendable, Hashable {
    package var projects: Int?
    /// Images of each train dataset.
    package var trainImages: Int?
    /// Images of each test dataset.
    package var testImages: Int?

    /// Without arguments: no limits.
    package init(projects: Int? = nil, trainImages: Int? = nil, testImages: Int? = nil) {
        self.projects = projects
        self.trainImages = trainImages
        self.testImages = testImages
    }

    /// Images that a dataset of this type may have.
    func images(of type: DatasetType) -> Int? {
        switch type {
        case .train: trainImages
        case .test: testImages
        }
    }

    /// The refusal of one project more than there may be.
    static func tooManyProjects(_ limit: Int, _ name: String) -> APIException {
        APIException(
            .serviceQuotaExceeded, "There are \(limit) projects, as many as this service may have.",
            resourceID: name, resourceType: APIException.ResourceType.project.rawValue,
            quotaCode: "projects", serviceCode: WireNames.serviceCode)
    }

    /// The refusal of an update that would leave a dataset with more images than it may have.
    static func tooManyImages(_ limit: Int, _ name: DatasetName, present: Int, added: Int) -> APIException {
        APIException(
            .serviceQuotaExceeded,
            "Dataset \(name) has \(present) images and may have \(limit); the update would add \(added).",
            resourceID: name.description, resourceType: APIException.ResourceType.dataset.rawValue,
            quotaCode: "images-per-\(name.type.rawValue)-dataset", serviceCode: WireNames.serviceCode)
    }
}
