extension MetricFamily {
    /// What `text` is, as an HTTP content type.
    package static let contentType = "text/plain; version=0.0.4; charset=utf-8"

    /// Appends the family in Prometheus's text exposition format, version 0.0.4.
    ///
    /// Source: prometheus.io, "Exposition formats". Every line ends in a line feed; no line carries a time, as the
    /// numbers are of the moment of the scrape.
    func write(help: String?, to text: inout String) {
        guard !series.isEmpty else { return }
        if let help { text += "# HELP \(name) \(Self.escapedHelp(help))\n" }
        text += "# TYPE \(name) \(kind.rawValue)\n"
        for series in series {
            switch series.value {
            case .number(let number): Self.line(name, series.labels, number, to: &text)
            case .distribution(let distribution): write(distribution, series.labels, to: &text)
            }
        }
    }

    private func write(_ distribution: Distribution, _ labels: [Label], to text: inout String) {
        var below: UInt64 = 0
        for (bound, count) in zip(distribution.bounds + [.infinity], distribution.counts) {
            below += count
            Self.line("\(name)_bucket", labels + [Label("le", Self.text(of: bound))], Double(below), to: &text)
        }
        Self.line("\(name)_sum", labels, distribution.sum, to: &text)
        Self.line("\(name)_count", labels, Double(below), to: &text)
    }

    private static func line(_ name: String, _ labels: [Label], _ value: Double, to text: inout String) {
        text += name
        if !labels.isEmpty {
            text += "{"
            for (number, label) in labels.enumerated() {
                if number > 0 { text += "," }
                text += "\(label.name)=\"\(escapedValue(label.value))\""
            }
            text += "}"
        }
        text += " \(Self.text(of: value))\n"
    }

    /// As Go's `strconv.ParseFloat` reads it; whole numbers without a fraction.
    static func text(of number: Double) -> String {
        if number.isNaN { return "NaN" }
        if number.isInfinite { return number < 0 ? "-Inf" : "+Inf" }
        return Int64(exactly: number).map(String.init) ?? "\(number)"
    }

    private static func escapedHelp(_ text: String) -> String { escaped(text, quotes: false) }
    private static func escapedValue(_ text: String) -> String { escaped(text, quotes: true) }

    private static func escaped(_ text: String, quotes: Bool) -> String {
        var out = ""
        // By scalar: a carriage return and a line feed make one Character, which is not equal to a line feed.
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\\": out += #"\\"#
            case "\n": out += #"\n"#
            case "\"" where quotes: out += #"\""#
            default: out.unicodeScalars.append(scalar)
            }
        }
        return out
    }
}
