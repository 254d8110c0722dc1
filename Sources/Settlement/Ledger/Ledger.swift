package import Labelling

/// What a partition remembers above its committed offset; it lives in the metadata of that commit.
///
/// - A dataset that is named has its events ≤ `settled` settled and, if `inFlight` is there, its events in
///   (settled, cut] in one batch that may have been sent.
/// - A dataset that is not named has all its events ≤ `floor` settled and none in flight.
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
    /// In the order of `Ledger.precedes`; at most one has no dataset: the lane of the undecodable records.
    package var entries: [Entry]

    package struct Entry: Sendable, Equatable {
        /// nil: the records that belong to no dataset.
        package var dataset: DatasetKey?
        /// Offsets ≤ this are settled; at least `offset - 1`.
        package var settled: Int64
        package var inFlight: InFlight?

        package init(dataset: DatasetKey?, settled: Int64, inFlight: InFlight?) {
            self.dataset = dataset
            self.settled = settled
            self.inFlight = inFlight
        }
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

        package init(
            cut: Int64, firstSent: Int64, generation: Int = 0, eventCount: Int, doubtsLoneLine: Bool = false
        ) {
            self.cut = cut
            self.firstSent = firstSent
            self.generation = generation
            self.eventCount = eventCount
            self.doubtsLoneLine = doubtsLoneLine
        }
    }

    package init(era: Int64, offset: Int64, floor: Int64, entries: [Entry]) {
        self.era = era
        self.offset = offset
        self.floor = floor
        self.entries = entries
    }

    /// Sorted by project, so that neighbours share the beginnings of their names.
    static func precedes(_ a: Entry, _ b: Entry) -> Bool {
        switch (a.dataset, b.dataset) {
        case (nil, let other): other != nil
        case (_, nil): false
        case (let x?, let y?): x < y
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
