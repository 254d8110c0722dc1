import FoundationEssentials
import LookoutVision

/// What travels as `NextToken`: the last thing the page showed, so that the next page begins right after it.
///
/// Opaque to clients; in the standard base64 alphabet, as the model's pattern wants it.
enum PageToken: Sendable, Hashable {
    case project(name: String)
    case entry(EntryCursor)

    /// - Throws: ``APIException`` for what this service never sent.
    init(text: String) throws {
        guard Limits.paginationTokenCharacters.contains(text.utf8.count), let data = Data(base64Encoded: text),
            let plain = String(validating: data, as: UTF8.self)
        else { throw Self.invalid }
        let parts = plain.split(separator: ":", omittingEmptySubsequences: false)
        switch (parts.first, parts.count) {
        case ("p", 2) where Names.isProjectName(String(parts[1])):
            self = .project(name: String(parts[1]))
        case ("e", 3):
            guard let dataset = Int64(parts[1]), let entry = Int64(parts[2]) else { throw Self.invalid }
            self = .entry(EntryCursor(datasetID: dataset, lastEntryID: entry))
        default: throw Self.invalid
        }
    }

    var text: String {
        let plain =
            switch self {
            case .project(let name): "p:\(name)"
            case .entry(let cursor): "e:\(cursor.datasetID):\(cursor.lastEntryID)"
            }
        return Data(plain.utf8).base64EncodedString()
    }

    /// The refusal of a token of another service, list or dataset.
    static let invalid = APIException(.validation, "NextToken is not one that this list returned.")
}
