import Foundation

/// Lines compared as JSON: white space and the order of names do not count.
enum JSONLines {
    /// One text for all texts of the same value.
    static func canonical(_ line: String) throws -> String {
        let value = try JSONSerialization.jsonObject(with: Data(line.utf8))
        return String(
            decoding: try JSONSerialization.data(
                withJSONObject: value, options: [.sortedKeys, .withoutEscapingSlashes]),
            as: UTF8.self)
    }

    /// The lines' texts in an order of their own.
    static func canonical(_ lines: some Sequence<String>) throws -> [String] {
        try lines.map { try canonical($0) }.sorted()
    }
}
