/// What somebody may have meant by a key that there is not.
enum Suggestion {
    static func unknown(_ key: String) -> String {
        let nearest = SettingCatalog.all.map { (key: $0.key, distance: distance($0.key, key)) }
            .min { $0.distance < $1.distance }
        guard let nearest, nearest.distance <= max(2, key.count / 4) else {
            return "\(key) is no key; `linefeed config` lists all there are."
        }
        return "\(key) is no key; is it \(nearest.key)?"
    }

    /// Levenshtein's.
    static func distance(_ a: String, _ b: String) -> Int {
        let target = Array(b.utf8)
        var row = Array(0...target.count)
        for (i, byte) in a.utf8.enumerated() {
            var diagonal = row[0]
            row[0] = i + 1
            for j in target.indices {
                let substitution = diagonal + (byte == target[j] ? 0 : 1)
                diagonal = row[j + 1]
                row[j + 1] = min(substitution, row[j] + 1, row[j + 1] + 1)
            }
        }
        return row[target.count]
    }
}
