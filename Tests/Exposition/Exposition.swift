/// What a process answered at `/metrics`, taken apart as Prometheus takes it apart.
package struct Exposition {
    package struct Family {
        package var name: String
        /// counter, gauge, histogram …; nil where the text does not say.
        package var type: String?
        package var help: String?
    }

    package let text: String
    /// In the order in which they first come.
    package private(set) var families: [Family] = []

    package init(_ text: String) {
        self.text = text
        var places: [String: Int] = [:]
        func change(_ name: String, _ body: (inout Family) -> Void) {
            let place = places[name] ?? families.count
            if place == families.count { families.append(Family(name: name)) }
            places[name] = place
            body(&families[place])
        }
        for line in text.split(separator: "\n") {
            let words = line.split(separator: " ", maxSplits: 3).map(String.init)
            if words.count == 4, words[0] == "#" {
                change(words[2]) { family in
                    if words[1] == "HELP" { family.help = words[3] }
                    if words[1] == "TYPE" { family.type = words[3] }
                }
            } else if !line.hasPrefix("#") {
                let sample = String(line.prefix { $0 != "{" && $0 != " " })
                let parts = ["_bucket", "_sum", "_count"].filter(sample.hasSuffix)
                let names = parts.map { String(sample.dropLast($0.count)) }.filter { places[$0] != nil }
                change(names.first ?? sample) { _ in }
            }
        }
    }

    /// What a person who meets the names in a dashboard would miss: a text, a kind, the unit at the end of the name.
    package var shortcomings: [String] {
        families.flatMap { family in
            var found: [String] = []
            if family.help?.isEmpty ?? true { found.append("\(family.name) is not explained") }
            guard let type = family.type else { return found + ["\(family.name) has no type"] }
            if (type == "counter") != family.name.hasSuffix("_total") {
                found.append("\(family.name) is a \(type)")
            }
            let bare = type == "counter" ? String(family.name.dropLast("_total".count)) : family.name
            for (words, unit) in Self.units where (family.help ?? "").contains(words) && !bare.hasSuffix(unit) {
                found.append("\(family.name) is measured in \(unit.dropFirst()) and does not say so")
            }
            if type == "histogram", !Self.units.contains(where: { bare.hasSuffix($0.unit) }) {
                found.append("\(family.name) has no unit")
            }
            return found
        }
    }

    /// How explanations speak of a quantity, and what a name of it ends in.
    private static var units: [(words: Regex<Substring>, unit: String)] {
        [
            (/\b(?:Time|Age|CPU time)\b|in seconds/, "_seconds"),
            (/^(?:Bytes|Size|Characters)\b|in bytes/, "_bytes"),
            (/^JSON Lines of a batch\b/, "_lines"),
        ]
    }
}
