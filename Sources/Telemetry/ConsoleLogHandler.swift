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
    private let label: String
    private let format: LogFormat

    package init(label: String, level: Logger.Level, format: LogFormat) {
        self.label = label
        logLevel = level
        self.format = format
    }

    package subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    package func log(event: LogEvent) {
        var all = metadata
        if let own = event.metadata { all.merge(own) { $1 } }
        Console.shared.line(
            format == .text
                ? Self.text(.now, event.level, event.message, all)
                : Self.json(.now, event.level, event.message, all, label: label))
    }

    static func text(
        _ time: Date, _ level: Logger.Level, _ message: Logger.Message, _ metadata: Logger.Metadata
    ) -> String {
        let clock = time.formatted(.iso8601.time(includingFractionalSeconds: true))
        let name = level.rawValue.uppercased()
        var line = "\(clock) \(name)\(String(repeating: " ", count: max(1, 9 - name.count)))\(message)"
        var separator = "  "
        for (key, value) in metadata.sorted(by: { $0.key < $1.key }) {
            line += "\(separator)\(key)=\(quoted("\(value)"))"
            separator = " "
        }
        return line
    }

    static func json(
        _ time: Date, _ level: Logger.Level, _ message: Logger.Message, _ metadata: Logger.Metadata, label: String
    ) -> String {
        var fields = [
            "time": time.formatted(Date.ISO8601FormatStyle(includingFractionalSeconds: true)),
            "level": level.rawValue, "message": "\(message)", "logger": label,
        ]
        for (key, value) in metadata { fields[key] = "\(value)" }
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        guard let data = try? encoder.encode(fields) else { return "\(message)" }
        return String(decoding: data, as: UTF8.self)
    }

    /// A value that a line could be misread by stands in quotes, and never breaks the line.
    private static func quoted(_ value: String) -> String {
        guard value.isEmpty || value.utf8.contains(where: { $0 <= 0x20 || $0 == UInt8(ascii: "\"") }) else {
            return value
        }
        return value.debugDescription
    }
}
