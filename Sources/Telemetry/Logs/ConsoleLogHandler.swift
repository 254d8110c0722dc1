internal import FoundationEssentials
package import Logging

/// How log lines look.
package enum LogFormat: String, Sendable, CaseIterable {
    /// For people: `10:00:00.000 INFO  Batch settled  cut=41 dataset=boards/train`.
    case text
    /// For machines: one JSON object a line with `time`, `level`, `message`, `logger` and the metadata's own names.
    case json
}

/// Writes log lines to the console. Messages are static; what varies is in the metadata, sorted by name.
package struct ConsoleLogHandler: LogHandler {
    package var logLevel: Logger.Level
    package var metadata: Logger.Metadata = [:]
    package var metadataProvider: Logger.MetadataProvider?
    private let label: String
    private let format: LogFormat

    package init(
        label: String, level: Logger.Level, format: LogFormat, metadataProvider: Logger.MetadataProvider? = nil
    ) {
        self.metadataProvider = metadataProvider
        self.label = label
        logLevel = level
        self.format = format
    }

    package subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    package func log(event: LogEvent) {
        // The line's own comes before the provider's, and that before the logger's.
        var all = event.metadata ?? [:]
        if let provided = metadataProvider?.get() { all.merge(provided) { own, _ in own } }
        if !metadata.isEmpty { all.merge(metadata) { own, _ in own } }
        if let error = event.error { all["error"] = all["error"] ?? "\(error)" }
        Console.shared.line(
            format == .text
                ? Self.text(.now, event.level, event.message, all)
                : Self.json(.now, event.level, event.message, all, label: label))
    }

    private static let timestamp = Date.ISO8601FormatStyle(includingFractionalSeconds: true)
    private static let timeOfDay = Date.ISO8601FormatStyle.iso8601.time(includingFractionalSeconds: true)

    static func text(
        _ time: Date, _ level: Logger.Level, _ message: Logger.Message, _ metadata: Logger.Metadata
    ) -> String {
        let clock = timeOfDay.format(time)
        let name = level.rawValue.uppercased()
        var line = ""
        line.reserveCapacity(512)
        line += "\(clock) \(name)\(String(repeating: " ", count: max(1, 9 - name.count)))"
        LogText.appendPlain("\(message)", to: &line)
        var separator = "  "
        for (key, value) in metadata.sorted(by: { $0.key < $1.key }) {
            line += separator
            LogText.appendPlain(key, to: &line)
            line += "="
            LogText.appendValue("\(value)", to: &line)
            separator = " "
        }
        return line
    }

    /// The fields that every line has come first; metadata of the same name gives way.
    static func json(
        _ time: Date, _ level: Logger.Level, _ message: Logger.Message, _ metadata: Logger.Metadata, label: String
    ) -> String {
        let fields = [
            ("time", timestamp.format(time)),
            ("level", level.rawValue), ("message", "\(message)"), ("logger", label),
        ]
        let names = Set(fields.map(\.0))
        let rest = metadata.sorted { $0.key < $1.key }.map { key, value in
            (names.contains(key) ? "metadata.\(key)" : key, "\(value)")
        }
        var line = "{"
        for (number, (name, value)) in (fields + rest).enumerated() {
            if number > 0 { line += "," }
            LogText.appendQuoted(name, to: &line)
            line += ":"
            LogText.appendQuoted(value, to: &line)
        }
        return line + "}"
    }
}
