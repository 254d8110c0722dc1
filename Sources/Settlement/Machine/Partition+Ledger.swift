internal import Labelling

extension Partition {
    /// What a commit of this partition says now.
    struct Statement {
        var offset: Int64
        var floor: Int64
        var metadata: String
    }

    /// Writes the ledger with the floor that makes it shortest.
    ///
    /// Three floors are tried. Low names every dataset that has settled above the watermark: best when few are active.
    /// High names every dataset that has something unsettled: best when one is stuck and many are healthy. The floor
    /// of the last commit is what keeps room from shrinking by itself: events that came since lie above it and need no
    /// name, so under it only a new cut can make a ledger longer.
    ///
    /// - Returns: nil where not even the shortest fits.
    func statement(maximumCharacters: Int) -> Statement? {
        let offset = watermark
        retireSettledLanes(below: offset)
        var floors: [Int64] = []
        if position > inheritedFloor {
            floors = [offset - 1, position - 1]
            if floor >= offset, floor != position - 1 { floors.append(floor) }
        } else {
            // Not read up to the inherited floor yet: whoever is not named is settled up to there, met or not.
            floors = [inheritedFloor]
        }
        var best: Statement?
        for candidate in floors {
            let named = entries(offset: offset, floor: candidate)
            if LedgerCoder.isHopeless(entryCount: named.count, characters: maximumCharacters) { continue }
            let ledger = Ledger(
                era: era, offset: offset, floor: candidate, entries: named.sorted(by: Ledger.precedes))
            let text = coder.encode(ledger)
            guard text.utf8.count <= maximumCharacters, text.utf8.count < best?.metadata.utf8.count ?? .max else {
                continue
            }
            best = Statement(offset: offset, floor: candidate, metadata: text)
        }
        return best
    }

    private func entries(offset: Int64, floor: Int64) -> [Ledger.Entry] {
        var entries: [Ledger.Entry] = []
        let lowest = offset - 1
        if refusals.lastSettledEvent > floor
            || isUnsettled(settled: refusals.settled, firstUnsettled: refusals.firstUnsettled, upTo: floor)
        {
            entries.append(
                Ledger.Entry(dataset: nil, settled: max(refusals.settled, lowest), inFlight: nil))
        }
        for number in active {
            let lane = lanes.lanes[Int(number)]
            let inFlight = lane.flight?.ledgerEntry
            guard
                inFlight != nil || lane.lastSettledEvent > floor
                    || isUnsettled(settled: lane.settled, firstUnsettled: lane.firstUnsettled, upTo: floor)
            else { continue }
            entries.append(
                Ledger.Entry(dataset: lane.dataset, settled: max(lane.settled, lowest), inFlight: inFlight))
        }
        return entries
    }

    /// A lane with nothing unsettled and nothing settled above the watermark needs no more looking at. One that has
    /// yet to read its events below the inherited floor again has something unsettled.
    private func retireSettledLanes(below offset: Int64) {
        active.removeAll { number in
            let lane = lanes.lanes[Int(number)]
            guard lane.flight == nil, lane.segments.isEmpty, lane.missing == nil, lane.lastSettledEvent < offset,
                position > inheritedFloor || lane.settled >= inheritedFloor
            else { return false }
            lane.isActive = false
            return true
        }
    }
}
