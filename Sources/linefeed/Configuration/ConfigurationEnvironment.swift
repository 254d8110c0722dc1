internal import Configuration

/// The variables `LINEFEED_…`.
struct ConfigurationEnvironment: Sendable {
    let provider: any ConfigProvider
    /// The names of the properties under each mapping: `LINEFEED_KAFKA_SASL_USERNAME` is `sasl.username` under `kafka`.
    let properties: [String: [String]]

    static let prefix = "LINEFEED_"
    /// The path of the configuration file.
    static let file = "LINEFEED_CONFIG"

    /// Refuses variables `LINEFEED_…` that are no key of Linefeed.
    init(_ variables: [String: String]) throws {
        var properties: [String: [String]] = [:]
        let known = Set(SettingCatalog.all.map(\.variable))
        let mappings = SettingCatalog.all.filter { $0.shape == .mapping }
        for name in variables.keys.sorted() where name.hasPrefix(Self.prefix) && name != Self.file {
            if known.contains(name) { continue }
            if let mapping = mappings.first(where: { name.hasPrefix($0.variable.dropLast()) }) {
                let property = name.dropFirst(mapping.variable.count - 1)
                guard !property.isEmpty else { throw ConfigurationError(place: name, reason: "names no property.") }
                properties[mapping.key, default: []].append(property.lowercased().replacing("_", with: "."))
                continue
            }
            let key = name.dropFirst(Self.prefix.count).lowercased().replacing("_", with: "-")
            throw ConfigurationError(place: name, reason: Suggestion.unknown(key) + Self.hint(name))
        }
        self.properties = properties
        provider = EnvironmentVariablesProvider(environmentVariables: variables).prefixKeys(with: "linefeed")
    }

    /// Kubernetes gives every container the addresses of the services around it, under names made of theirs.
    private static func hint(_ name: String) -> String {
        guard name.contains("_SERVICE_") || name.contains("_PORT") else { return "" }
        return " (Kubernetes sets such variables for a service named linefeed; enableServiceLinks: false ends that.)"
    }
}
