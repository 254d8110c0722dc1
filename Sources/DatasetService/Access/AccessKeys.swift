import FoundationEssentials
import Yams

/// All keys of a file, by name.
///
///     keys:
///       - id: LINE4WORKERS
///         secret: 6fK0…             # at least 16 characters
///         projects:
///           boards: write           # read, write or admin
///           "lab-*": read           # of several patterns that fit, the most generous holds
package struct AccessKeys: Sendable {
    private let byID: [String: AccessKey]

    /// How many there are.
    package var count: Int { byID.count }

    /// Reads a file that only its owner and group may read.
    ///
    /// - Throws: ``AccessError`` with the place, for whatever is not exactly as above: a misspelt permission must not
    ///   become another one.
    package init(path: String) throws(AccessError) {
        let data = try SecretFile.read(path)
        guard let text = String(validating: data, as: UTF8.self) else {
            throw .file(path: path, reason: "it is not UTF-8")
        }
        try self.init(yaml: text, path: path)
    }

    init(yaml text: String, path: String) throws(AccessError) {
        var keys: [String: AccessKey] = [:]
        for (key, line) in try KeysReader(path: path).read(text) {
            guard keys.updateValue(key, forKey: key.id) == nil else {
                throw .keys(path: path, line: line, reason: "\(key.id) is there twice")
            }
        }
        byID = keys
    }

    subscript(id: String) -> AccessKey? { byID[id] }
}
