internal import ArgumentParser
internal import Configuration

/// Flags over the environment over the configuration file over what the flags default to.
///
/// The upper layer is the command line itself: what the lower ones say is put before it as flags, so that one parser
/// checks every value and there is one place where a value ends up.
struct ConfigurationLayers: Sendable {
    let environment: ConfigurationEnvironment
    let file: ConfigurationFile?

    /// A value and where it comes from.
    struct Value: Sendable, Equatable {
        var flags: [String]
        var place: String
    }

    /// Reads the environment, and the file that the command line's `--config` or else `LINEFEED_CONFIG` names.
    init(variables: [String: String], arguments: [String]) async throws {
        environment = try ConfigurationEnvironment(variables)
        let path = CommandLineScan(arguments).values(of: "config").last ?? variables[ConfigurationEnvironment.file]
        file = if let path { try await ConfigurationFile(path: path) } else { nil }
    }

    /// What the environment, else the file, says of a setting; nil where neither does. Of a mapping's properties each
    /// is looked up by itself.
    func values(of setting: Setting) throws -> [Value] {
        guard setting.shape == .mapping else {
            return try [environmentValue(of: setting) ?? fileValue(of: setting)].compactMap(\.self)
        }
        var values: [String: Value] = [:]
        for name in file?.properties[setting.key] ?? [] {
            values[name] = try property(name, of: setting, in: file?.provider) { file?.place(of: $0) ?? "" }
        }
        for name in environment.properties[setting.key] ?? [] {
            values[name] = try property(name, of: setting, in: environment.provider) { _ in
                setting.variable.dropLast() + name.uppercased().replacing(".", with: "_")
            }
        }
        return values.sorted { $0.key < $1.key }.map(\.value)
    }

    private func property(
        _ name: String, of setting: Setting, in provider: (any ConfigProvider)?, place: (String) -> String
    ) throws -> Value? {
        let path = setting.path + name.split(separator: ".").map(String.init)
        guard let text = try provider?.value(forKey: AbsoluteConfigKey(path), type: .string).value?.content.text else {
            return nil
        }
        return Value(flags: ["--\(setting.name)", "\(name)=\(text)"], place: place(path.joined(separator: ".")))
    }

    private func environmentValue(of setting: Setting) throws -> Value? {
        try value(of: setting, in: environment.provider, place: setting.variable)
    }

    private func fileValue(of setting: Setting) throws -> Value? {
        guard let file else { return nil }
        return try value(of: setting, in: file.provider, place: file.place(of: setting.key))
    }

    private func value(of setting: Setting, in provider: any ConfigProvider, place: String) throws -> Value? {
        let key = AbsoluteConfigKey(setting.path)
        if setting.shape == .list {
            guard case .stringArray(let items) = try provider.value(forKey: key, type: .stringArray).value?.content
            else { return nil }
            return Value(flags: items.flatMap { ["--\(setting.name)", $0] }, place: place)
        }
        guard let text = try provider.value(forKey: key, type: .string).value?.content.text else { return nil }
        guard setting.shape == .switchedOn else {
            return Value(flags: ["--\(setting.name)=\(text)"], place: place)
        }
        switch text.lowercased() {
        case "true", "yes", "1": return Value(flags: ["--\(setting.name)"], place: place)
        case "false", "no", "0": return Value(flags: [], place: place)
        default: throw ConfigurationError(place: place, reason: "\(setting.key) takes true or false.")
        }
    }
}

extension ConfigContent {
    fileprivate var text: String? {
        if case .string(let text) = self { text } else { nil }
    }
}
