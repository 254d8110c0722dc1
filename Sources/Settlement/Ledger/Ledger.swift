package import Labelling

/// What a partition remembers above its committed offset; it lives in the metadata of that commit.
///
/// - A lane that is named has its events ≤ `settled` settled and, if `inFlight` is there, its events in
///   (settled, cut] in one batch that may have been sent.
/// - A lane that is not named has none in flight, and all its events up to its level settled and none above: the level
///   is the ceiling or the floor, as the ceiling's map says.
///
/// The map knows the lanes that had something between floor and ceiling. For any other it says either, and both are
/// true: whoever wrote it had read the log past the ceiling, so such a lane has nothing there to be settled.
package struct Ledger: Sendable, Equatable {
    /// Milliseconds since the epoch at which this history of the partition began: when its first owner found no ledger
    /// to believe. Part of every client token.
    ///
    /// A partition that is read again without its ledger is cut anew, and its old events go out once more. Were the
    /// tokens those of the first time, the API would apply the batches that are cut differently and pass over those
    /// that happen to be the same, and an older entry could stay on top of a newer one.
    package var era: Int64
    /// The watermark this ledger was committed with. A ledger found beside another offset is not to be believed.
    package var offset: Int64
    /// At least `offset - 1`.
    package var floor: Int64
    package var ceiling: Ceiling?
    /// At most one for a lane.
    package var entries: [Entry]

    package struct Ceiling: Sendable, Equatable {
        /// Above the floor.
        package var offset: Int64
        var map: LevelMap
    }

    package struct Entry: Sendable, Equatable {
        package var name: LaneName
        /// Offsets ≤ this are settled; at least `offset - 1`.
        package var settled: Int64
        package var inFlight: InFlight?

        package init(name: LaneName, settled: Int64, inFlight: InFlight? = nil) {
            self.name = name
            self.settled = settled
            self.inFlight = inFlight
        }

        /// `dataset` is nil for the records that belong to none.
        package init(dataset: DatasetKey?, settled: Int64, inFlight: InFlight?) {
            self.init(name: dataset.map(LaneName.dataset) ?? .noDataset, settled: settled, inFlight: inFlight)
        }

        /// nil also where a hash stands for the name.
        package var dataset: DatasetKey? { if case .dataset(let dataset) = name { dataset } else { nil } }
    }

    package struct InFlight: Sendable, Equatable {
        package var cut: Int64
        /// Seconds since the epoch of the first send under this generation's token.
        package var firstSent: Int64
        /// How many tokens of this batch have grown too old.
        package var generation: Int
        /// Events of the batch when it was cut. A replay that finds fewer knows that the log has lost some.
        package var eventCount: Int
        /// `Chain.doubtsLoneLine`: part of what the batch's calls follow from, so a replay must know it.
        package var doubtsLoneLine: Bool
        /// Whether the tokens of this generation are made of the payload's digest instead of the body's: so they were by the
        /// version that cut the batch, and a batch never changes its tokens.
        package var hasPayloadToken: Bool

        package init(
            cut: Int64, firstSent: Int64, generation: Int = 0, eventCount: Int, doubtsLoneLine: Bool = false,
            hasPayloadToken: Bool = false
        ) {
            self.cut = cut
            self.firstSent = firstSent
            self.generation = generation
            self.eventCount = eventCount
            self.doubtsLoneLine = doubtsLoneLine
            self.hasPayloadToken = hasPayloadToken
        }
    }

    package init(era: Int64, offset: Int64, floor: Int64, ceiling: Ceiling? = nil, entries: [Entry]) {
        self.era = era
        self.offset = offset
        self.floor = floor
        self.ceiling = ceiling
        self.entries = entries
    }

    /// The highest offset that something is said of for lanes that are not named.
    var top: Int64 { ceiling?.offset ?? floor }

    /// Up to where the events of a lane that is not named are settled.
    func level(of lane: LaneDigest) -> Int64 {
        guard let ceiling, ceiling.map.isHigh(lane) else { return floor }
        return ceiling.offset
    }

    /// Up to where the events of a dataset are settled, named or not.
    package func settled(_ dataset: DatasetKey) -> Int64 {
        let digest = LaneDigest(dataset)
        let entry = entries.first { $0.name == .dataset(dataset) } ?? entries.first { $0.name == .hash(digest.hash) }
        return entry?.settled ?? level(of: digest)
    }

    /// Up to where the records of no dataset are settled.
    package var settledWithoutDataset: Int64 { entries.first { $0.name == .noDataset }?.settled ?? floor }

    /// Sorted by project, so that neighbours share the beginnings of their names.
    static func precedes(_ a: Entry, _ b: Entry) -> Bool {
        switch (a.name, b.name) {
        case (.noDataset, let other): other != .noDataset
        case (_, .noDataset): false
        case (.dataset(let x), .dataset(let y)): x < y
        case (.dataset, .hash): true
        case (.hash, .dataset): false
        case (.hash(let x), .hash(let y)): x < y
        }
    }
}

/// Why a ledger was not believed. The partition then replays at-least-once, and says so.
package enum LedgerError: Error, Sendable, Equatable {
    /// Not ours: somebody else's metadata.
    case foreign
    /// Written by a version we do not know.
    case unknownVersion(UInt8)
    /// Damaged, cut short, or written for another group, topic or partition.
    case damaged
    /// Written for another offset: a reset by hand, or a copy by a mirroring tool.
    case otherOffset(Int64)
}
