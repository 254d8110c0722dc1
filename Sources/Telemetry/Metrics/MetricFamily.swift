/// All series of one metric at one moment, as they are exposed.
package struct MetricFamily: Sendable, Equatable {
    /// What a Prometheus server takes the numbers for.
    package enum Kind: String, Sendable {
        case counter
        case gauge
        case histogram
    }

    /// One label of a series: a bounded set of values, never what comes from outside without a bound.
    package struct Label: Sendable, Hashable {
        package var name: String
        package var value: String

        package init(_ name: String, _ value: String) {
            self.name = name
            self.value = value
        }
    }

    /// What one series says.
    package enum Value: Sendable, Equatable {
        case number(Double)
        case distribution(Distribution)
    }

    /// How often values fell below which bound.
    package struct Distribution: Sendable, Equatable {
        /// Upper bounds, inclusive, ascending; the one without a bound is not among them.
        package var bounds: [Double]
        /// How many values fell into each bucket alone; one more than there are bounds.
        package var counts: [UInt64]
        package var sum: Double
    }

    package struct Series: Sendable, Equatable {
        package var labels: [Label]
        package var value: Value
    }

    package var name: String
    package var kind: Kind
    package var series: [Series]

    package init(_ kind: Kind, _ name: String, _ series: [Series]) {
        self.name = name
        self.kind = kind
        self.series = series
    }

    /// A metric with one series and no label.
    package init(_ kind: Kind, _ name: String, _ value: Double) {
        self.init(kind, name, [Series(labels: [], value: .number(value))])
    }

    /// A metric with one label, and a series for each of its values.
    package init(_ kind: Kind, _ name: String, by label: String, _ values: [(String, Double)]) {
        self.init(kind, name, values.map { Series(labels: [Label(label, $0.0)], value: .number($0.1)) })
    }
}
