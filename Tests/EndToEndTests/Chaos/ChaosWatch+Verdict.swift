extension ChaosWatch {
    /// What can only be told at the end, after everything has drained.
    func judgeEnd(in arena: Arena, service: String) async throws {
        judgeFates()
        try await judgeHistory(arena)
        for (dataset, entries) in expected.sorted(by: { $0.key < $1.key }) {
            let parts = dataset.split(separator: "/").map(String.init)
            let found = Set(try JSONLines.canonical(try await arena.export(parts[0], parts[1], from: service)))
            let wanted = Set(try JSONLines.canonical(entries.values))
            let difference = found.symmetricDifference(wanted)
            if let example = difference.first {
                violate("\(dataset): \(difference.count) entries are not what the log says, such as \(example)")
            }
        }
    }

    private func judgeFates() {
        for item in items {
            let places = places[item.number] ?? []
            if places.isEmpty { violate("record \(item.number) is not in the log") }
            switch item.fate {
            case .nothing: break
            case .deadLettered:
                for place in places where !dead.contains(place) {
                    violate("record \(item.number) at \(place) is not among the dead letters")
                }
            case .applied:
                // Of an image that is labelled again, an event may be superseded inside its batch.
                if !item.image.contains("/again-"), applied[item.number] == nil {
                    violate("event \(item.number) at \(places) of \(item.dataset) was never applied")
                }
            }
        }
    }

    private func judgeHistory(_ arena: Arena) async throws {
        let history = try History(arena.database)
        let updates = try await history.updates()
        for token in updates.repeatedTokens { violate("token \(token) was applied twice") }
        if try await history.inProgress() != 0 { violate("an update is still in progress") }
        var written: [String: Int] = [:]
        for (number, count) in applied { written[items[number].dataset, default: 0] += count }
        if updates.linesByDataset != written { violate("the history does not count the lines that were written") }
    }

    /// By dataset and image, the last event of the log.
    private var expected: [String: [String: String]] {
        var result: [String: [String: String]] = [:]
        for number in log.joined() {
            guard case .applied(let line) = items[number].fate else { continue }
            result[items[number].dataset, default: [:]][items[number].image] = line
        }
        return result
    }
}
