internal import FoundationEssentials
internal import Worker

/// Dead letters for people, a line each.
struct DeadLetterTable {
    /// The topic that needs not be named.
    let topic: String
    /// Characters of a line; nil is no limit.
    let columns: Int?

    private static let widths = [10, 20, 20, 20, 12, 12]

    var head: String { line(["PLACE", "REFUSED AT (UTC)", "REASON", "DATASET", "ORIGIN", "", "MESSAGE"]) }

    func row(_ letter: StoredDeadLetter) -> String {
        let facts = letter.facts
        var notes: [String] = []
        if letter.copies > 1 { notes.append("x\(letter.copies)") }
        if letter.isReplayed { notes.append("replayed") }
        let origin = facts.origin.map { origin in
            origin.topic == topic ? "\(origin.partition)/\(origin.offset)" : origin.description
        }
        return line([
            "\(facts.place.partition)/\(facts.place.offset)", facts.refusedAt.map(Self.time) ?? "-",
            facts.reason ?? "-", facts.dataset ?? "-", origin ?? "-", notes.joined(separator: " "),
            facts.message ?? "no dead letter of a worker",
        ])
    }

    /// What stands below the rows.
    static func summary(of entries: [DeadLetterIndex.Entry], in topic: String) -> String {
        guard !entries.isEmpty else { return "No dead letters in \(topic), or none that is meant." }
        let replayed = entries.count(where: \.isReplayed)
        return "\(entries.count) in \(topic), \(replayed) of them replayed"
    }

    private func line(_ cells: [String]) -> String {
        var line = ""
        for (index, cell) in cells.enumerated() {
            let text = Self.printable(cell)
            line += text
            guard Self.widths.indices.contains(index) else { continue }
            line += String(repeating: " ", count: max(1, Self.widths[index] - text.count))
        }
        while line.last == " " { line.removeLast() }
        guard let columns, line.count > columns else { return line }
        return line.prefix(max(1, columns - 1)) + "…"
    }

    /// The text comes from outside and goes to a terminal.
    private static func printable(_ text: String) -> String {
        String(
            String.UnicodeScalarView(
                text.unicodeScalars.map { scalar in
                    switch scalar.properties.generalCategory {
                    case .control, .format, .lineSeparator, .paragraphSeparator: "?"
                    default: scalar
                    }
                }))
    }

    private static func time(_ milliseconds: Int64) -> String {
        let date = Date(timeIntervalSince1970: Double(milliseconds) / 1000)
        return date.formatted(
            Date.ISO8601FormatStyle(dateTimeSeparator: .space).year().month().day().time(
                includingFractionalSeconds: false))
    }
}
