internal import Configuration
internal import FoundationEssentials
internal import SystemPackage
internal import Yams

/// The file given by `--config`, with every key in it known.
struct ConfigurationFile: Sendable {
    /// The file's values; keys are the settings'.
    let provider: any ConfigProvider
    /// The names of the properties under each mapping, such as `sasl.username` under `kafka`.
    let properties: [String: [String]]
    private let path: String
    private let lines: [String: Int]

    /// Reads the file and refuses what is no key of Linefeed.
    init(path: String) async throws {
        self.path = path
        let text: String
        do {
            text = String(decoding: try Data(contentsOf: URL(filePath: path)), as: UTF8.self)
        } catch let error as CocoaError where error.code == .fileReadNoSuchFile {
            throw ConfigurationError(place: path, reason: "there is no such file.")
        } catch let error as CocoaError where error.code == .fileReadNoPermission {
            throw ConfigurationError(place: path, reason: "may not be read.")
        } catch {
            throw ConfigurationError(place: path, reason: "cannot be read: \(error)")
        }
        do {
            guard let root = try Yams.compose(yaml: text) else {
                // Nothing, or nothing but comments.
                provider = InMemoryProvider(name: path, values: [:])
                (properties, lines) = ([:], [:])
                return
            }
            guard case .mapping(let mapping) = root else {
                throw ConfigurationError(place: path, reason: "is no mapping of keys to values.")
            }
            var reader = KeyReader(file: path)
            try reader.read(mapping, below: [])
            (properties, lines) = (reader.properties, reader.lines)
            provider = try await FileProvider<YAMLSnapshot>(filePath: FilePath(path))
        } catch let YamlError.parser(_, problem, mark, _), let YamlError.scanner(_, problem, mark, _) {
            throw ConfigurationError(place: "\(path):\(mark.line)", reason: "no YAML: \(problem).")
        } catch YamlError.duplicatedKeysInMapping(let keys, let context) {
            throw ConfigurationError(
                place: "\(path):\(context.mark.line)",
                reason: "given twice: \(Set(keys).sorted().joined(separator: ", ")).")
        } catch is YamlError {
            // Its description quotes the line, and there may be a secret in it.
            throw ConfigurationError(place: path, reason: "is no YAML.")
        }
    }

    /// Where a key stands: the file's path and the line.
    func place(of key: String) -> String { lines[key].map { "\(path):\($0)" } ?? path }
}

/// Walks the file's keys and holds each against the settings there are.
private struct KeyReader {
    let file: String
    var properties: [String: [String]] = [:]
    var lines: [String: Int] = [:]

    mutating func read(_ mapping: Node.Mapping, below path: [String]) throws {
        for (node, value) in mapping {
            let line = node.mark?.line
            let place = line.map { "\(file):\($0)" } ?? file
            guard let name = node.string else {
                throw ConfigurationError(place: place, reason: "a key that is no text.")
            }
            let key = (path + [name]).joined(separator: ".")
            guard lines.updateValue(line ?? 0, forKey: key) == nil else {
                throw ConfigurationError(place: place, reason: "\(key) is given twice.")
            }
            if let parent = mappingSetting(above: path + [name]) {
                if case .mapping(let deeper) = value {
                    try read(deeper, below: path + [name])
                } else if key != parent.key {
                    guard case .scalar = value else {
                        throw ConfigurationError(place: place, reason: "\(key) takes one value.")
                    }
                    properties[parent.key, default: []].append(String(key.dropFirst(parent.key.count + 1)))
                } else {
                    throw ConfigurationError(
                        place: place, reason: "\(key) takes a mapping of names to values (\(parent.placeholder)).")
                }
            } else if let setting = SettingCatalog.all.first(where: { $0.path == path + [name] }) {
                try check(value, of: setting, at: place)
            } else if path.isEmpty, name == "serve", case .mapping(let deeper) = value {
                try read(deeper, below: [name])
            } else {
                throw ConfigurationError(place: place, reason: Suggestion.unknown(key))
            }
        }
    }

    private func mappingSetting(above path: [String]) -> Setting? {
        SettingCatalog.all.first { $0.shape == .mapping && path.starts(with: $0.path) }
    }

    private func check(_ value: Node, of setting: Setting, at place: String) throws {
        switch (setting.shape, value) {
        case (.list, .sequence), (.value, .scalar), (.switchedOn, .scalar): return
        case (.list, _): throw ConfigurationError(place: place, reason: "\(setting.key) takes a list.")
        default: throw ConfigurationError(place: place, reason: "\(setting.key) takes one value.")
        }
    }
}
