internal import ArgumentParser
internal import Kafka

/// A command line completed by what the environment and the configuration file say.
struct EffectiveConfiguration {
    struct Source {
        var setting: Setting
        var value: ConfigurationLayers.Value
    }

    let scan: CommandLineScan
    /// What the lower layers gave, in the order of the settings.
    let sources: [Source]

    init(arguments: [String], variables: [String: String]) async throws {
        scan = CommandLineScan(arguments)
        let settings = SettingCatalog.taken(by: scan.command)
        guard !settings.isEmpty else {
            sources = []
            return
        }
        let layers = try await ConfigurationLayers(variables: variables, arguments: arguments)
        var sources: [Source] = []
        for setting in settings where setting.shape == .mapping || !scan.has(setting.name) {
            sources += try layers.values(of: setting).map { Source(setting: setting, value: $0) }
        }
        self.sources = sources
    }

    /// What is to be parsed. Of a repeated `name=value` the command line's own come last, and the last one counts.
    var arguments: [String] { scan.path + sources.flatMap(\.value.flags) + scan.rest }

    /// Where the flags that a message speaks of come from, if not from the command line: for who has to mend them.
    func origins(namedIn message: String) -> [String] {
        sources.filter { message.contains("--\($0.setting.name)") }.map {
            "--\($0.setting.name) is from \($0.value.place)"
        }
    }
}
