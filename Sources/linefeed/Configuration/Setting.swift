/// One flag of a command, as the environment and the configuration file know it.
///
/// Settings are read off the command line's own definitions, so that a flag is all it takes to add one.
struct Setting: Sendable, Equatable {
    enum Shape: Sendable, Equatable {
        case switchedOn
        case value
        /// A flag that may be repeated: a YAML sequence, or separated by commas in the environment.
        case list
        /// A flag that is repeated as `name=value`: a YAML mapping.
        case mapping
    }

    /// The flag without its dashes.
    var name: String
    var shape: Shape
    /// What stands for the value in the flag's help.
    var placeholder: String
    /// nil where the flag has none, or tells it in its help.
    var standard: String?
    /// Empty where not only some words are taken.
    var words: [String]
    var help: String
    /// Where the key stands in the configuration file: empty for the worker, `serve` for the service.
    var section: [String]

    var path: [String] { section + [name] }
    var key: String { path.joined(separator: ".") }
    /// The variable `LINEFEED_…`; for a mapping what such variables begin with.
    var variable: String {
        "LINEFEED_"
            + path.map { $0.uppercased().replacing("-", with: "_") }.joined(separator: "_")
            + (shape == .mapping ? "_…" : "")
    }
}
