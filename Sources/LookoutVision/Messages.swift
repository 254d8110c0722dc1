// Requests and responses as they travel (service model 2020-11-20). Timestamps are seconds since the epoch as a
// JSON number; the members' names are the model's, capitalised.

package struct CreateProjectRequest: Codable, Sendable {
    package var projectName: String
    package enum CodingKeys: String, CodingKey { case projectName = "ProjectName" }
    package init(projectName: String) { self.projectName = projectName }
}

package struct ProjectMetadata: Codable, Sendable, Hashable {
    package var projectArn: String?
    package var projectName: String?
    package var creationTimestamp: Double?
    package enum CodingKeys: String, CodingKey {
        case projectArn = "ProjectArn"
        case projectName = "ProjectName"
        case creationTimestamp = "CreationTimestamp"
    }
    package init(projectArn: String?, projectName: String?, creationTimestamp: Double?) {
        self.projectArn = projectArn
        self.projectName = projectName
        self.creationTimestamp = creationTimestamp
    }
}

package struct CreateProjectResponse: Codable, Sendable {
    package var projectMetadata: ProjectMetadata?
    package enum CodingKeys: String, CodingKey { case projectMetadata = "ProjectMetadata" }
    package init(projectMetadata: ProjectMetadata) { self.projectMetadata = projectMetadata }
}

package struct ListProjectsResponse: Codable, Sendable {
    package var projects: [ProjectMetadata]?
    package var nextToken: String?
    package enum CodingKeys: String, CodingKey {
        case projects = "Projects"
        case nextToken = "NextToken"
    }
    package init(projects: [ProjectMetadata], nextToken: String?) {
        self.projects = projects
        self.nextToken = nextToken
    }
}

package struct DatasetMetadata: Codable, Sendable, Hashable {
    package var datasetType: String?
    package var creationTimestamp: Double?
    package var status: String?
    package var statusMessage: String?
    package enum CodingKeys: String, CodingKey {
        case datasetType = "DatasetType"
        case creationTimestamp = "CreationTimestamp"
        case status = "Status"
        case statusMessage = "StatusMessage"
    }
    package init(datasetType: String?, creationTimestamp: Double?, status: String?, statusMessage: String?) {
        self.datasetType = datasetType
        self.creationTimestamp = creationTimestamp
        self.status = status
        self.statusMessage = statusMessage
    }
}

package struct ProjectDescription: Codable, Sendable {
    package var projectArn: String?
    package var projectName: String?
    package var creationTimestamp: Double?
    package var datasets: [DatasetMetadata]?
    package enum CodingKeys: String, CodingKey {
        case projectArn = "ProjectArn"
        case projectName = "ProjectName"
        case creationTimestamp = "CreationTimestamp"
        case datasets = "Datasets"
    }
    package init(
        projectArn: String?, projectName: String?, creationTimestamp: Double?, datasets: [DatasetMetadata]
    ) {
        self.projectArn = projectArn
        self.projectName = projectName
        self.creationTimestamp = creationTimestamp
        self.datasets = datasets
    }
}

package struct DescribeProjectResponse: Codable, Sendable {
    package var projectDescription: ProjectDescription?
    package enum CodingKeys: String, CodingKey { case projectDescription = "ProjectDescription" }
    package init(projectDescription: ProjectDescription) { self.projectDescription = projectDescription }
}

package struct DeleteProjectResponse: Codable, Sendable {
    package var projectArn: String?
    package enum CodingKeys: String, CodingKey { case projectArn = "ProjectArn" }
    package init(projectArn: String?) { self.projectArn = projectArn }
}

package struct CreateDatasetRequest: Codable, Sendable {
    package var datasetType: String
    package var datasetSource: DatasetSource?
    package enum CodingKeys: String, CodingKey {
        case datasetType = "DatasetType"
        case datasetSource = "DatasetSource"
    }
    package init(datasetType: String, datasetSource: DatasetSource? = nil) {
        self.datasetType = datasetType
        self.datasetSource = datasetSource
    }
}

package struct DatasetSource: Codable, Sendable {
    package struct GroundTruthManifest: Codable, Sendable {
        package var s3Object: S3Object?
        package enum CodingKeys: String, CodingKey { case s3Object = "S3Object" }
    }
    package struct S3Object: Codable, Sendable {
        package var bucket: String
        package var key: String
        package var versionID: String?
        package enum CodingKeys: String, CodingKey {
            case bucket = "Bucket"
            case key = "Key"
            case versionID = "VersionId"
        }
    }
    package var groundTruthManifest: GroundTruthManifest?
    package enum CodingKeys: String, CodingKey { case groundTruthManifest = "GroundTruthManifest" }
}

package struct CreateDatasetResponse: Codable, Sendable {
    package var datasetMetadata: DatasetMetadata?
    package enum CodingKeys: String, CodingKey { case datasetMetadata = "DatasetMetadata" }
    package init(datasetMetadata: DatasetMetadata) { self.datasetMetadata = datasetMetadata }
}

package struct ImageStatistics: Codable, Sendable, Hashable {
    package var total: Int?
    package var labeled: Int?
    package var normal: Int?
    package var anomaly: Int?
    package enum CodingKeys: String, CodingKey {
        case total = "Total"
        case labeled = "Labeled"
        case normal = "Normal"
        case anomaly = "Anomaly"
    }
    package init(total: Int, labeled: Int, normal: Int, anomaly: Int) {
        self.total = total
        self.labeled = labeled
        self.normal = normal
        self.anomaly = anomaly
    }
}

package struct DatasetDescription: Codable, Sendable {
    package var projectName: String?
    package var datasetType: String?
    package var creationTimestamp: Double?
    package var lastUpdatedTimestamp: Double?
    package var status: String?
    /// Always sent: AWS's own examples read it without asking whether it is there.
    package var statusMessage: String?
    package var imageStats: ImageStatistics?
    package enum CodingKeys: String, CodingKey {
        case projectName = "ProjectName"
        case datasetType = "DatasetType"
        case creationTimestamp = "CreationTimestamp"
        case lastUpdatedTimestamp = "LastUpdatedTimestamp"
        case status = "Status"
        case statusMessage = "StatusMessage"
        case imageStats = "ImageStats"
    }
    package init(
        projectName: String?, datasetType: String?, creationTimestamp: Double?, lastUpdatedTimestamp: Double?,
        status: String?, statusMessage: String?, imageStats: ImageStatistics?
    ) {
        self.projectName = projectName
        self.datasetType = datasetType
        self.creationTimestamp = creationTimestamp
        self.lastUpdatedTimestamp = lastUpdatedTimestamp
        self.status = status
        self.statusMessage = statusMessage
        self.imageStats = imageStats
    }
}

package struct DescribeDatasetResponse: Codable, Sendable {
    package var datasetDescription: DatasetDescription?
    package enum CodingKeys: String, CodingKey { case datasetDescription = "DatasetDescription" }
    package init(datasetDescription: DatasetDescription) { self.datasetDescription = datasetDescription }
}

package struct ListDatasetEntriesResponse: Codable, Sendable {
    /// JSON Lines, each a string.
    package var datasetEntries: [String]?
    package var nextToken: String?
    package enum CodingKeys: String, CodingKey {
        case datasetEntries = "DatasetEntries"
        case nextToken = "NextToken"
    }
    package init(datasetEntries: [String], nextToken: String?) {
        self.datasetEntries = datasetEntries
        self.nextToken = nextToken
    }
}

package struct UpdateDatasetEntriesResponse: Codable, Sendable {
    package var status: String?
    package enum CodingKeys: String, CodingKey { case status = "Status" }
    package init(status: DatasetStatus) { self.status = status.rawValue }
}
