internal import Labelling

/// What a commit of this partition says now.
struct Statement {
    var offset: Int64
    var levels: Partition.Levels
    var metadata: String
}

extension Partition {
    /// Composes the ledger under the levels that make it shortest.
    ///
    /// A lane without a batch in flight needs no name under any level that lies at or above its last settled event and
    /// below its first unsettled one. So a few likely levels are tried, one or two at a time: the watermark, best when few
    /// lanes are active; the position, for all that is settled; the first event that waits for its batch, since what is
    /// in flight is named anyway; the offset that the cuts of a round come to; and the levels of the last commit. Those
    /// keep room from shrinking by itself: events that came since lie above them, so under them only a new cut can make
    /// a ledger longer.
    ///
    /// - Returns: nil where it does not fit.
    func composeStatement(maximumCharacters: Int) -> Statement? {
        var standings = active.map { Standing(of: lanes.lanes[Int($0)]) }
        let offset = standings.reduce(min(position, refusals.firstUnsettled ?? .max)) { min($0, $1.firstUnsettled) }
        retireSettled(&standings, below: offset)
        forgetUnmet()
        var draft =
            isReadingInheritance
            ? draftUnderInheritance(standings, offset: offset) : draftUnderBestLevels(standings, offset: offset)
        draft.putInOrder()
        draft.ledger.entries += unmetEntries
        addRefusals(to: &draft)
        var text = coder.encode(draft.ledger)
        guard text.utf8.count <= maximumCharacters else { return nil }
        room.update(used: text.utf8.count, idle: draft.idleCount, span: position - offset)
        if let readable = textWithNames(draft, within: maximumCharacters / 2) { text = readable }
        let levels = Levels(floor: draft.ledger.floor, ceiling: draft.ledger.ceiling?.offset)
        return Statement(offset: offset, levels: levels, metadata: text)
    }

    /// What a ledger is about, of one active lane: looked up once, since it takes some looking.
    private struct Standing {
        let lane: Lane
        let isInFlight: Bool
        /// `Int64.max` for none.
        let firstUnsettled: Int64
        let lastSettled: Int64

        init(of lane: Lane) {
            self.lane = lane
            isInFlight = lane.flight != nil
            firstUnsettled = lane.firstUnsettled ?? .max
            lastSettled = lane.lastSettledEvent
        }

        /// Whether the lane needs no name where `level` is its level.
        func needsNoName(under level: Int64) -> Bool {
            !isInFlight && lastSettled <= level && level < firstUnsettled
        }
    }

    /// A ledger with hashes for names.
    private struct Draft {
        var ledger: Ledger
        /// The lanes named, in the order of the entries.
        var lanes: [Int32] = []
        /// How many of them have no batch in flight, and may have one soon.
        var idleCount = 0
        /// Whether a name had to be written out.
        var hasNames = false

        /// Neighbours share the beginnings of their names: out of order they might not fit where they have fitted before.
        mutating func putInOrder() {
            guard hasNames else { return }
            let pairs = zip(ledger.entries, lanes).sorted { Ledger.precedes($0.0, $1.0) }
            ledger.entries = pairs.map(\.0)
            lanes = pairs.map(\.1)
        }
    }

    // MARK: - Levels

    private func draftUnderBestLevels(_ standings: [Standing], offset: Int64) -> Draft {
        let lowestIdle = standings.reduce(min(position, refusals.firstUnsettled ?? .max)) {
            $1.isInFlight ? $0 : min($0, $1.firstUnsettled)
        }
        var points: [Int64] = []
        for point in [
            offset - 1, position - 1, levels.floor, max(offset, lowestIdle) - 1, levels.ceiling, room.round,
        ] {
            if let point, point >= offset - 1, point < position, !points.contains(point) { points.append(point) }
        }
        // How many lanes there are for every set of points that suit them.
        var histogram = [Int](repeating: 0, count: 1 << points.count)
        for standing in standings where !standing.isInFlight {
            var mask = 0
            for (bit, point) in points.enumerated() where standing.needsNoName(under: point) { mask |= 1 << bit }
            histogram[mask] += 1
        }
        var best = (cost: Int.max, low: 0, high: 0)
        for low in points.indices {
            for high in points.indices where high == low || points[high] > points[low] {
                var named = 0
                var mapped = 0
                for (mask, count) in histogram.enumerated() where count > 0 {
                    let fits = (mask >> low & 1) + (mask >> high & 1)
                    if fits == 0 { named += count } else if fits == 1 { mapped += count }
                }
                let map = mapped == 0 ? 0 : 4 + LevelMap.byteCount(bitCount: LevelMap.bitCount(forLanes: mapped))
                let cost = named * Self.bytesOfAnEntry + map
                // (Two levels that no map tells apart are none.)
                if cost < best.cost, high == low || mapped > 0 { best = (cost, low, high) }
            }
        }
        let ceiling = best.high == best.low ? nil : points[best.high]
        return draft(standings, offset: offset, floor: points[best.low], ceiling: ceiling)
    }

    /// About what a lane costs that is named.
    private static let bytesOfAnEntry = 9

    private func draft(_ standings: [Standing], offset: Int64, floor: Int64, ceiling: Int64?) -> Draft {
        var draft = Draft(ledger: Ledger(era: era, offset: offset, floor: floor, entries: []))
        var mapped: [(digest: LaneDigest, isHigh: Bool)] = []
        var mappedLanes: [Lane] = []
        for standing in standings {
            standing.lane.isNamed = false
            let isLow = standing.needsNoName(under: floor)
            let isHigh = ceiling.map(standing.needsNoName) ?? isLow
            if isLow != isHigh {
                mapped.append((standing.lane.digest, isHigh))
                mappedLanes.append(standing.lane)
            } else if !isLow {
                name(standing.lane, in: &draft)
            }
        }
        if let ceiling {
            let (map, misfits) = LevelMap.make(mapped)
            for misfit in misfits { name(mappedLanes[misfit], in: &draft) }
            draft.ledger.ceiling = Ledger.Ceiling(offset: ceiling, map: map)
        }
        return draft
    }

    /// Not read up to the top of the inherited ledger yet: whoever is not named is where that says, met or not.
    private func draftUnderInheritance(_ standings: [Standing], offset: Int64) -> Draft {
        // (What lies below the watermark is settled, and what was not met lies above it.)
        let floor = max(inherited.floor, offset - 1)
        var draft = Draft(
            ledger: Ledger(era: era, offset: offset, floor: floor, ceiling: inherited.ceiling, entries: []))
        for standing in standings {
            let lane = standing.lane
            lane.isNamed = false
            let level = max(floor, inherited.level(of: lane.digest))
            // Settled below its level, it was named; and what it has between is still to be read again.
            let isComplete = lane.settled >= level || position > level
            if isComplete, standing.needsNoName(under: level) { continue }
            name(lane, in: &draft)
        }
        return draft
    }

    // MARK: - Names

    private func name(_ lane: Lane, in draft: inout Draft) {
        lane.isNamed = true
        draft.lanes.append(lane.number)
        if lane.flight == nil, lane.firstUnsettled ?? .max <= room.round ?? .max - 1 { draft.idleCount += 1 }
        let isHashed = mayBeHashed(lane)
        if !isHashed { draft.hasNames = true }
        draft.ledger.entries.append(
            Ledger.Entry(
                name: isHashed ? .hash(lane.digest.hash) : .dataset(lane.dataset),
                settled: max(lane.settled, draft.ledger.offset - 1), inFlight: lane.flight?.ledgerEntry))
    }

    /// Whether the hash stands for this lane alone, among all that have something where the entry speaks of. Of lanes
    /// that have not been met yet nobody knows but the writer of the inherited ledger.
    func mayBeHashed(_ lane: Lane) -> Bool {
        guard !lane.hasCommonHash else { return false }
        let isRead = !isReadingInheritance && lane.settled < position && lane.flight?.cut ?? -1 < position
        return isRead || lane.isKnownByHash
    }

    /// The same ledger as people like to read it. Never more than a part of the room: whoever inherits it can name
    /// lanes by their hashes only once it was read again.
    private func textWithNames(_ draft: Draft, within characters: Int) -> String? {
        let nameCount = draft.lanes.reduce(0) { $0 + lanes.lanes[Int($1)].dataset.project.utf8.count }
        guard nameCount < characters * 2 else { return nil }
        var ledger = draft.ledger
        for (entry, number) in draft.lanes.enumerated() {
            ledger.entries[entry].name = .dataset(lanes.lanes[Int(number)].dataset)
        }
        ledger.entries.sort(by: Ledger.precedes)
        let text = coder.encode(ledger)
        return text.utf8.count <= characters ? text : nil
    }

    private func addRefusals(to draft: inout Draft) {
        let floor = draft.ledger.floor
        let isUnsettledBelow =
            (refusals.firstUnsettled ?? .max) <= floor || (position <= floor && refusals.settled < floor)
        guard refusals.lastSettledEvent > floor || isUnsettledBelow else { return }
        draft.ledger.entries.append(
            Ledger.Entry(name: .noDataset, settled: max(refusals.settled, draft.ledger.offset - 1)))
    }

    /// A lane with nothing unsettled and nothing settled above the watermark needs no more looking at. One that has
    /// yet to read its events below its inherited level again has something unsettled.
    private func retireSettled(_ standings: inout [Standing], below offset: Int64) {
        let count = standings.count
        standings.removeAll { standing in
            guard !standing.isInFlight, standing.firstUnsettled == .max, standing.lastSettled < offset,
                !isReadingInheritance || standing.lane.settled >= inherited.level(of: standing.lane.digest)
            else { return false }
            standing.lane.isActive = false
            standing.lane.isNamed = false
            return true
        }
        if standings.count < count { active = standings.map(\.lane.number) }
    }
}
