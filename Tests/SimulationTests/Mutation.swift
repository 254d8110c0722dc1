import Labelling

@testable import Settlement

/// A rule of the protocol that is switched off, by tampering with what passes between the machine and the world, or by a
/// world that does not keep its side. The simulator has to notice each.
enum Mutation: String, CaseIterable, Sendable {
    /// Rule 1: calls go out while the commit that names them is still under way.
    case callBeforeIntentIsAcknowledged
    /// Rule 1: nobody refuses the commit of a member that is no longer one.
    case staleMembersMayCommit
    /// Rule 2: a batch that is re-formed takes whatever has come by then.
    case cutDependsOnTime
    /// Rule 2: ledgers do not say what is in flight.
    case ledgerWithoutInFlight
    /// Rule 3: another token for the same batch in another process.
    case tokenWithRandomness
    /// Rule 3: a history that begins again has the tokens of the one before.
    case eraIgnored
    /// Rule 4: what has settled above the watermark is forgotten.
    case nothingSettledAboveWatermark
    /// Rule 5: the floor lies above something unsettled.
    case floorTooHigh
    /// The watermark passes an unsettled event.
    case commitPastUnsettled
    /// Rule 8: a commit without metadata.
    case commitWithoutLedger
    /// Rule 9: an answer to an older ownership's call is taken for one to this one's.
    case epochIgnored
    /// Rule 9: partitions are given back while a commit is outstanding.
    case revokeDoesNotWait
    /// Rule 11: nobody looks at how old a token is.
    case tokenNeverAges
    /// An accepted update is taken for an applied one.
    case acceptedIsSettled
    /// A dead letter is taken for written before it is.
    case deadLetterUnacknowledged
    /// An update that was rolled back is tried under the same token for ever.
    case attemptIgnored
    /// The re-formed batch leaves its last event out.
    case reformedTooShort

    /// Rule 5: the map says that a lane is at the ceiling, and it is not.
    case mapIsWrongAboutALane
    /// Rule 5: an owner that has not read up to the ceiling speaks as if it knew every lane.
    case ceilingTakenForRead
    /// Rule 5: a batch goes beyond the ceiling, and its lane is not named.
    case alignmentIgnored
    /// Rule 5: two lanes are called by the same hash.
    case hashCollisionUnchecked
    /// Rule 6: what finds no room is left out.
    case entriesDroppedForRoom
    /// Rule 7: any ledger is believed, wherever it came from.
    case ledgerUnverified
    /// Rule 8: a commit that was refused is taken for one that was acknowledged.
    case refusalTakenForAcknowledgement
    /// Rule 9: a member works on with what another was given, as one that takes over cooperatively and forgets to stop.
    case ownershipOutlivesRebalance
    /// Rule 10: a batch that came home is sent beside its own call.
    case homecomingIgnored
    /// The log does not keep what is not settled.
    case retentionOfUnsettled

    /// Whether the rule has anything to do in a scenario: spares playing those where it has not, and the long ones where
    /// the short ones do.
    func matters(in scenario: Scenario) -> Bool {
        func has(_ isMeant: (Scenario.Fault) -> Bool) -> Bool { scenario.faults.contains { isMeant($0.fault) } }
        switch self {
        case .mapIsWrongAboutALane, .ceilingTakenForRead, .alignmentIgnored, .hashCollisionUnchecked,
            .entriesDroppedForRoom:
            return scenario.hasManyDatasets
        case _ where scenario.hasManyDatasets: return false
        case .eraIgnored: return has { if case .foreignMetadata = $0 { true } else { false } }
        case .ledgerUnverified: return scenario.partitions > 1 && Mutation.eraIgnored.matters(in: scenario)
        case .tokenNeverAges: return has { if case .wallJump = $0 { true } else { false } }
        case .staleMembersMayCommit: return has { if case .freeze = $0 { true } else { false } }
        case .retentionOfUnsettled: return has { if case .compaction = $0 { true } else { false } }
        case .epochIgnored: return has { if case .rebalance = $0 { true } else { false } }
        default: return true
        }
    }

    /// What the member would commit, with its rule broken.
    func tamper(
        _ commit: PartitionCommit, coder: LedgerCoder, position: Int64, room: Int, datasets: ArraySlice<DatasetKey>
    ) -> PartitionCommit {
        guard var ledger = try? coder.decode(commit.metadata, committedAt: commit.offset) else { return commit }
        var commit = commit
        switch self {
        case .ledgerWithoutInFlight:
            for index in ledger.entries.indices { ledger.entries[index].inFlight = nil }
        case .nothingSettledAboveWatermark:
            ledger.floor = ledger.offset - 1
            for index in ledger.entries.indices { ledger.entries[index].settled = ledger.offset - 1 }
            ledger.entries.removeAll { $0.inFlight == nil }
        case .floorTooHigh:
            guard position > ledger.offset else { return commit }
            ledger.floor = position - 1
            ledger.entries.removeAll { $0.inFlight == nil && $0.settled < position - 1 }
        case .commitPastUnsettled:
            guard position > ledger.offset else { return commit }
            ledger.offset += 1
            ledger.floor = max(ledger.floor, ledger.offset - 1)
            ledger.entries.removeAll { entry in entry.inFlight.map { $0.cut < ledger.offset } ?? false }
            for index in ledger.entries.indices {
                ledger.entries[index].settled = max(ledger.entries[index].settled, ledger.offset - 1)
            }
            commit.offset = ledger.offset
        case .commitWithoutLedger:
            commit.metadata = ""
            return commit
        case .mapIsWrongAboutALane:
            guard let ceiling = ledger.ceiling else { return commit }
            var lanes = datasets.map { (digest: LaneDigest($0), isHigh: ceiling.map.isHigh(LaneDigest($0))) }
            guard let wrong = lanes.firstIndex(where: { !$0.isHigh }) else { return commit }
            lanes[wrong].isHigh = true
            ledger.ceiling?.map = LevelMap.make(lanes).map
        case .ceilingTakenForRead:
            guard ledger.top >= position else { return commit }
            ledger.ceiling = nil
        case .alignmentIgnored:
            guard let ceiling = ledger.ceiling else { return commit }
            ledger.entries.removeAll { $0.inFlight?.cut ?? -1 > ceiling.offset }
        case .hashCollisionUnchecked:
            for index in ledger.entries.indices {
                guard let dataset = ledger.entries[index].dataset else { continue }
                ledger.entries[index].name = .hash(LaneDigest(dataset).hash)
            }
        case .entriesDroppedForRoom:
            guard commit.metadata.utf8.count * 2 > room, !ledger.entries.isEmpty else { return commit }
            ledger.entries.removeLast()
        default: return commit
        }
        commit.metadata = coder.encode(ledger)
        return commit
    }

    /// The ledger that somebody believes who verifies nothing.
    func unverified(_ committed: Coordinator.Committed?, by coder: LedgerCoder, all: [LedgerCoder]) -> Coordinator
        .Committed?
    {
        guard self == .ledgerUnverified, let committed else { return committed }
        for other in all {
            var ledger: Ledger
            do throws(LedgerError) {
                ledger = try other.decode(committed.metadata, committedAt: committed.offset)
            } catch {
                guard case .otherOffset(let offset) = error,
                    let found = try? other.decode(committed.metadata, committedAt: offset)
                else { continue }
                ledger = found
            }
            let lowest = committed.offset - 1
            ledger.offset = committed.offset
            ledger.floor = max(ledger.floor, lowest)
            if let ceiling = ledger.ceiling, ceiling.offset <= ledger.floor { ledger.ceiling = nil }
            ledger.entries.removeAll { $0.inFlight.map { $0.cut <= lowest } ?? false }
            for index in ledger.entries.indices {
                ledger.entries[index].settled = max(ledger.entries[index].settled, lowest)
            }
            return .init(offset: committed.offset, metadata: coder.encode(ledger))
        }
        return committed
    }

    /// What a member is told where there is no ledger to believe.
    func ledger(where committed: Coordinator.Committed?, coder: LedgerCoder) -> Coordinator.Committed? {
        let offset = committed?.offset ?? 0
        guard self == .eraIgnored,
            (try? coder.decode(committed?.metadata ?? "", committedAt: offset)) == nil
        else { return committed }
        let ledger = Ledger(era: 0, offset: offset, floor: offset - 1, entries: [])
        return .init(offset: offset, metadata: coder.encode(ledger))
    }

    /// What a member is told it once committed, with its rule broken.
    func tamper(_ metadata: String, committedAt offset: Int64, coder: LedgerCoder, end: Int64) -> String {
        guard var ledger = try? coder.decode(metadata, committedAt: offset) else { return metadata }
        for index in ledger.entries.indices {
            guard var inFlight = ledger.entries[index].inFlight else { continue }
            switch self {
            case .cutDependsOnTime: inFlight.cut = max(inFlight.cut, end - 1)
            case .reformedTooShort:
                if inFlight.cut - 1 > ledger.entries[index].settled { inFlight.cut -= 1 }
            default: return metadata
            }
            ledger.entries[index].inFlight = inFlight
        }
        return coder.encode(ledger)
    }
}
