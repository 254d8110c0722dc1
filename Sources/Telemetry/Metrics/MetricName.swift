/// Names as Prometheus takes them; what a caller wrote otherwise is mended rather than lost.
enum MetricName {
    /// `[a-zA-Z_:][a-zA-Z0-9_:]*`, with the ending that the kind of metric has by convention.
    static func metric(_ label: String, ending: String? = nil) -> String {
        let name = sanitized(label, colons: true)
        guard let ending, !name.hasSuffix(ending) else { return name }
        return name + ending
    }

    /// `[a-zA-Z_][a-zA-Z0-9_]*`, neither reserved for Prometheus itself (`__…`) nor for a histogram's bounds (`le`).
    static func label(_ name: String) -> String {
        let name = sanitized(name, colons: false)
        if name.hasPrefix("__") { return "label" + name }
        return name == "le" ? "label_le" : name
    }

    private static func sanitized(_ text: String, colons: Bool) -> String {
        var out = ""
        for scalar in text.unicodeScalars {
            let isAllowed =
                switch scalar {
                case "a"..."z", "A"..."Z", "_": true
                case "0"..."9": true
                case ":": colons
                default: false
                }
            out.unicodeScalars.append(isAllowed ? scalar : "_")
        }
        guard let first = out.unicodeScalars.first else { return "_" }
        return ("0"..."9").contains(first) ? "_" + out : out
    }
}
