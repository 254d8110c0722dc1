/// What was found out about one thing that a worker needs.
struct Finding: Sendable, Equatable {
    enum Verdict: Sendable {
        case good
        /// A worker starts, but somebody should know.
        case doubtful
        case bad
    }

    var verdict: Verdict
    var subject: String
    var detail: String

    static func good(_ subject: String, _ detail: String) -> Finding {
        Finding(verdict: .good, subject: subject, detail: detail)
    }

    static func doubtful(_ subject: String, _ detail: String) -> Finding {
        Finding(verdict: .doubtful, subject: subject, detail: detail)
    }

    static func bad(_ subject: String, _ detail: String) -> Finding {
        Finding(verdict: .bad, subject: subject, detail: detail)
    }

    /// One line, whatever the detail holds.
    var line: String {
        let word =
            switch verdict {
            case .good: "ok  "
            case .doubtful: "note"
            case .bad: "FAIL"
            }
        let padding = String(repeating: " ", count: max(1, 19 - subject.count))
        return "\(word)  \(subject)\(padding)\(detail.split(whereSeparator: \.isNewline).joined(separator: " "))"
    }
}
