/// The first few bad lines and the number of the rest, as a dataset's `StatusMessage` gives them.
struct ProblemList: Sendable, Hashable {
    /// How many bad lines a message spells out before it only counts.
    private static let mostNamed = 3

    private var named: [String] = []
    private var count = 0

    /// Adds what is wrong with a line, counted from 1.
    mutating func add(line: Int, _ reason: String) {
        count += 1
        if named.count < Self.mostNamed { named.append("line \(line): \(reason)") }
    }

    var isEmpty: Bool { count == 0 }

    /// `line 2: …; line 7: …; and 3 more`
    var text: String {
        let rest = count > named.count ? "; and \(count - named.count) more" : ""
        return named.joined(separator: "; ") + rest
    }
}
