/// What there is room for in a partition's ledger, in characters of its text.
///
/// Every lane with a batch in flight needs an entry, and keeps it until the lane is at one of the two levels. So a lane
/// without one is cut only where there is room for one: then whatever happens can be written down, and what a stuck
/// lane takes of the room it takes once.
///
/// Where cuts fall anywhere, lanes come to rest between the levels, and keep their entries. So before the room gets
/// tight, cuts are aligned: a *round* lets every lane come to one offset, the next ceiling, and takes its entry back
/// there. Fast lanes wait for the others then, but for none that is stuck.
struct Room {
    let limit: Int
    /// Characters of the ledger that was last composed, with hashes for names.
    private(set) var used: Int
    /// Characters for lanes that the ledger does not name yet.
    private(set) var free: Int
    /// What an entry takes: for its lane, and for its batch in flight.
    private var costs = Costs(span: 1 << 20)
    /// Batches end at this offset at the latest; nil while they may end anywhere.
    private(set) var round: Int64?
    /// Lanes that wait for room, and those that wait for the next round.
    private var waitingForRoom: [Int32] = []
    private var waitingForRound: [Int32] = []
    /// Nothing but lanes whose events have to be read again keeps the round from its end.
    var isRoundMissingEvents = false
    /// Whether it was said already that it is.
    var isKnownToBeFull = false

    /// For the numbers in a ledger, which grow without anybody's cut, and for a map that turns out longer.
    private static let reserve = 96

    /// Bytes of an entry, at most, where offsets lie within `span`.
    struct Costs {
        private let offset: Int

        init(span: Int64) { offset = (70 - UInt64(max(1, span)).leadingZeroBitCount) / 7 }

        /// Flags, hash or name, settled offset.
        func lane(nameCount: Int?) -> Int { 1 + (nameCount.map { $0 + 3 } ?? 4) + offset }

        /// Cut, time of the first send, events; a generation is one in a million.
        var flight: Int { offset + 5 + 3 }

        static func characters(_ bytes: Int) -> Int { (bytes * 4 + 2) / 3 }
    }

    init(limit: Int, used: Int) {
        self.limit = limit
        self.used = used
        free = max(0, limit - used - Self.reserve)
    }

    /// Whether there are lanes that cannot be cut for want of room.
    var isFull: Bool { !waitingForRoom.isEmpty }

    /// Whether a batch may be cut whose first event is at `first`; takes its room. Otherwise the lane waits here.
    ///
    /// `nameCount` is the length of the lane's name, where it must be written out.
    mutating func admit(_ lane: Lane, first: Int64, nameCount: Int?) -> Bool {
        if let round, first > round {
            waitingForRound.append(lane.number)
            return false
        }
        guard !lane.isNamed else { return true }
        let needed = Costs.characters(costs.lane(nameCount: nameCount) + costs.flight)
        guard needed <= free else {
            wait(lane)
            return false
        }
        free -= needed
        return true
    }

    /// Where nothing is in flight, one lane may use what is kept free for numbers to grow, and for lanes to move that are
    /// named already; else nobody might ever move.
    mutating func admitAlone(_ lane: Lane, first: Int64, nameCount: Int?) -> Bool {
        guard first <= round ?? .max,
            Costs.characters(costs.lane(nameCount: nameCount) + costs.flight) <= limit - used
        else { return false }
        waitingForRoom.removeAll { $0 == lane.number }
        free = 0
        return true
    }

    /// The lane waits until there is more room.
    mutating func wait(_ lane: Lane) { waitingForRoom.append(lane.number) }

    /// The lanes that may ask again: there is as much room as there is now, and perhaps another round.
    mutating func takeWaiting(roundHasChanged: Bool, isIdle: Bool) -> [Int32] {
        var lanes: [Int32] = []
        if hasRoom(forLanes: 1) || isIdle { swap(&lanes, &waitingForRoom) }
        if roundHasChanged {
            lanes += waitingForRound
            waitingForRound = []
        }
        return lanes
    }

    /// A ledger of `used` characters was composed, which names `idle` lanes that have no batch in flight.
    mutating func update(used: Int, idle: Int, span: Int64) {
        self.used = used
        costs = Costs(span: span)
        free = max(0, limit - used - Self.reserve - idle * Costs.characters(costs.flight))
        if used * 2 <= limit { isKnownToBeFull = false }
    }

    /// Above half of the limit, or where the lanes that are named leave hardly any for others, rounds begin; below a quarter
    /// they end.
    var isTight: Bool { used * 2 > limit || free * 4 < limit }
    var isAmple: Bool { used * 4 < limit }

    /// Whether `count` more lanes could be named.
    func hasRoom(forLanes count: Int) -> Bool {
        count * Costs.characters(costs.lane(nameCount: nil) + costs.flight) <= free
    }

    mutating func begin(round: Int64?) { self.round = round }
}
