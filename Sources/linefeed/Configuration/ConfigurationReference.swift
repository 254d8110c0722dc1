/// All keys, for people to read.
enum ConfigurationReference {
    /// A Markdown table: key, variable, default, meaning.
    static func table(of settings: [Setting]) -> String {
        let rows = settings.map { setting in
            let standard = setting.standard.map { "`\($0)`" } ?? (setting.shape == .switchedOn ? "`false`" : "")
            return "| `\(setting.key)` | `\(setting.variable)` | \(standard) | \(explanation(of: setting)) |"
        }
        return (["| key | variable | default | |", "|---|---|---|---|"] + rows).joined(separator: "\n")
    }

    private static func explanation(of setting: Setting) -> String {
        let form =
            switch setting.shape {
            case .switchedOn, .value: ""
            case .list: " A list; in the environment separated by commas."
            case .mapping: " A mapping; in the environment one variable for each, with _ for each dot."
            }
        return (setting.help + form).replacing("|", with: "\\|")
    }

    /// A configuration file in which every key stands with its default, commented out.
    static var exampleFile: String {
        var lines = [
            "# Linefeed's configuration: what no flag and no variable LINEFEED_… says.",
            "# Written by `linefeed config --example`. Take out the # before what you change.",
            "",
            "# The worker, and the commands that look at its topic.",
        ]
        for setting in SettingCatalog.worker { lines += example(of: setting, indent: "") }
        lines += [
            "", "# The service: `linefeed serve`.", "serve:", "  {}  # take this line out when you set a key below",
        ]
        for setting in SettingCatalog.service { lines += example(of: setting, indent: "  ") }
        return lines.joined(separator: "\n")
    }

    private static func example(of setting: Setting, indent: String) -> [String] {
        let name = setting.name
        var lines = [""] + wrapped(setting.help, width: 110).map { "\(indent)# \($0)" }
        switch setting.shape {
        case .switchedOn: lines.append("\(indent)#\(name): false")
        case .value: lines.append("\(indent)#\(name): \(setting.standard.map(quoted) ?? "<\(setting.placeholder)>")")
        case .list: lines.append("\(indent)#\(name): [<\(setting.placeholder)>]")
        case .mapping: lines += ["\(indent)#\(name):", "\(indent)#  \(setting.placeholder.replacing("=", with: ": "))"]
        }
        return lines
    }

    private static func quoted(_ text: String) -> String {
        let isPlain = text.utf8.allSatisfy { byte in
            UInt8(ascii: "a")...UInt8(ascii: "z") ~= byte || UInt8(ascii: "0")...UInt8(ascii: "9") ~= byte
                || "-._/:".utf8.contains(byte)
        }
        return isPlain && !text.isEmpty ? text : "\"\(text)\""
    }

    private static func wrapped(_ text: String, width: Int) -> [String] {
        var lines: [String] = []
        for word in text.split(separator: " ") {
            if let last = lines.last, last.count + word.count < width {
                lines[lines.count - 1] += " " + word
            } else {
                lines.append(String(word))
            }
        }
        return lines
    }
}
