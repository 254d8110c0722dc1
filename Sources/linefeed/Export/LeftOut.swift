/// How many entries an export has left out, and why.
struct LeftOut {
    private var counts: [String: Int] = [:]

    /// Counts one; the reason follows the number of entries.
    mutating func add(_ reason: String) { counts[reason, default: 0] += 1 }

    /// What to tell the person who exports, out of so many entries; the most frequent reason first.
    func report(of total: Int) -> String? {
        guard !counts.isEmpty else { return nil }
        let reasons = counts.sorted { ($1.value, $0.key) < ($0.value, $1.key) }.map { "  \($0.value) \($0.key)\n" }
        return "Left out \(counts.values.reduce(0, +)) of \(total) entries:\n" + reasons.joined()
    }
}
