/// What is known of metrics by their exposed names: the text that explains them, and how histograms are cut.
package struct MetricCatalog: Sendable {
    package struct Entry: Sendable {
        /// As exposed, with its `_total` or `_seconds`.
        package var name: String
        /// One sentence for the person who meets the name in a dashboard.
        package var help: String
        /// Upper bounds of a histogram's buckets, ascending; nil for the standard ones of durations in seconds.
        package var buckets: [Double]?

        package init(_ name: String, _ help: String, buckets: [Double]? = nil) {
            self.name = name
            self.help = help
            self.buckets = buckets
        }
    }

    private let entries: [String: Entry]

    /// Where a name comes twice, its first entry holds.
    package init(_ entries: [Entry]) {
        self.entries = Dictionary(entries.map { ($0.name, $0) }) { first, _ in first }
    }

    /// The names of all metrics that are known.
    package var names: [String] { entries.keys.sorted() }

    package func help(_ name: String) -> String? { entries[name]?.help }

    func buckets(_ name: String) -> [Double] { entries[name]?.buckets ?? Self.durations }

    /// From a call that is answered at once to one that waits for minutes; in seconds.
    static let durations = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300]
}
