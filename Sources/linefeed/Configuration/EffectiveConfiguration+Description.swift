internal import Kafka

extension EffectiveConfiguration {
    /// The settings as YAML, each with where it comes from. Values that may be secrets are not shown.
    func description(of settings: [Setting]) -> String {
        settings.flatMap(lines).joined(separator: "\n")
    }

    private func lines(of setting: Setting) -> [String] {
        let given = sources.filter { $0.setting == setting }.map(\.value)
        let typed = scan.values(of: setting.name)
        switch setting.shape {
        case .mapping:
            var properties: [(text: String, place: String)] = given.compactMap { value in
                value.flags.last.map { ($0, value.place) }
            }
            properties += typed.map { ($0, "command line") }
            guard !properties.isEmpty else { return [line(setting.key, "{}", from: "default")] }
            return ["\(setting.key):"]
                + properties.map { property in
                    let name = String(property.text.prefix { $0 != "=" })
                    let value = String(property.text.dropFirst(name.count + 1))
                    return line("  \(name)", KafkaProperties.isSecret(name) ? "(hidden)" : value, from: property.place)
                }
        case .switchedOn:
            if scan.has(setting.name) { return [line(setting.key, "true", from: "command line")] }
            guard let value = given.last else { return [line(setting.key, "false", from: "default")] }
            return [line(setting.key, "\(!value.flags.isEmpty)", from: value.place)]
        case .list:
            if !typed.isEmpty { return [line(setting.key, "\(typed)", from: "command line")] }
            let items = given.flatMap { $0.flags.filter { $0 != "--\(setting.name)" } }
            return [line(setting.key, "\(items)", from: given.last?.place ?? "default")]
        case .value:
            if let value = typed.last { return [line(setting.key, value, from: "command line")] }
            guard let value = given.last else {
                return [line(setting.key, setting.standard ?? "", from: "default")]
            }
            let text = value.flags.last.map { String($0.dropFirst(setting.name.utf8.count + 3)) }
            return [line(setting.key, text ?? "", from: value.place)]
        }
    }

    private func line(_ key: String, _ value: String, from place: String) -> String {
        let text = "\(key): \(value)"
        return text + String(repeating: " ", count: max(1, 48 - text.count)) + "# \(place)"
    }
}
