/// The operations of the dataset API, with the verb, path and success status of the service model 2020-11-20.
package enum Operation: String, Sendable, Hashable, CaseIterable {
    case createProject = "CreateProject"
    case listProjects = "ListProjects"
    case describeProject = "DescribeProject"
    case deleteProject = "DeleteProject"
    case createDataset = "CreateDataset"
    case describeDataset = "DescribeDataset"
    case deleteDataset = "DeleteDataset"
    case listDatasetEntries = "ListDatasetEntries"
    case updateDatasetEntries = "UpdateDatasetEntries"

    package var method: String {
        switch self {
        case .createProject, .createDataset: "POST"
        case .listProjects, .describeProject, .describeDataset, .listDatasetEntries: "GET"
        case .deleteProject, .deleteDataset: "DELETE"
        case .updateDatasetEntries: "PATCH"
        }
    }

    package var successStatus: Int {
        switch self {
        case .createDataset, .deleteDataset, .updateDatasetEntries: 202
        default: 200
        }
    }

    /// Where every path begins.
    package static let basePath = "/2020-11-20/projects"

    /// The path of the operation. `project` and `datasetType` are percent-encoded where they are not plain names;
    /// an operation that takes none of them ignores them.
    package func path(project: String = "", datasetType: String = "") -> String {
        path(
            projectSegment: PercentEncoding.encodeSegment(project),
            typeSegment: PercentEncoding.encodeSegment(datasetType))
    }

    /// The path with the names of its parameters in braces, as the service model writes it.
    package var pathTemplate: String { path(projectSegment: "{projectName}", typeSegment: "{datasetType}") }

    private func path(projectSegment project: String, typeSegment type: String) -> String {
        switch self {
        case .createProject, .listProjects: Self.basePath
        case .describeProject, .deleteProject: "\(Self.basePath)/\(project)"
        case .createDataset: "\(Self.basePath)/\(project)/datasets"
        case .describeDataset, .deleteDataset: "\(Self.basePath)/\(project)/datasets/\(type)"
        case .listDatasetEntries, .updateDatasetEntries: "\(Self.basePath)/\(project)/datasets/\(type)/entries"
        }
    }
}

/// RFC 3986 percent-encoding, as SigV4 wants it: everything but the unreserved characters.
package enum PercentEncoding {
    private static let hexadecimal = Array("0123456789ABCDEF".utf8)

    package static func encodeSegment(_ text: String) -> String {
        var out: [UInt8] = []
        out.reserveCapacity(text.utf8.count)
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
                UInt8(ascii: "~"):
                out.append(byte)
            default:
                out.append(UInt8(ascii: "%"))
                out.append(hexadecimal[Int(byte >> 4)])
                out.append(hexadecimal[Int(byte & 15)])
            }
        }
        return String(decoding: out, as: UTF8.self)
    }
}
