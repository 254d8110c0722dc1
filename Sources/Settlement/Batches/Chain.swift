/// How one batch gets through: sent whole, tried once more, then halved until the bad lines stand alone.
///
/// The chain is a pure function of the answers, so a worker that replays it asks under the same tokens, and an API that
/// remembers them answers as it did before. One bad line among n costs about log2(n) to 2 log2(n) further calls.
struct Chain: Sendable {
    enum Step: Sendable, Equatable {
        /// Send this piece; `attempt` is part of its token.
        case send(Piece, attempt: Int)
        /// These lines were refused each alone, while others of the batch went through.
        case deadLetter([Suspect])
        /// Nothing goes through: that is an outage, not bad data. Wait, then call `resume(in:)`.
        case outage
        case done
    }

    /// A line that was refused when it stood alone.
    struct Suspect: Sendable, Equatable {
        var event: Int
        var reason: DeadLetterReason
        var message: String
        /// Whether something had gone through before, so that the refusal was no outage which has ended since.
        var isConfirmed = true
    }

    private struct Item: Sendable {
        var piece: Piece
        /// The left half of a piece that was refused; its other half is the next item.
        var isLeftHalf = false
    }

    private var stack: [Item]
    private var suspects: [Suspect] = []
    /// The events of `suspects`.
    private var suspectedEvents: Set<Int> = []
    /// Superseded events that were applied because the later one was refused: never again.
    private var appliedEvents: Set<Int> = []
    private var tries = 0
    /// How often lines were asked for again; part of the attempt, since a token that failed stays failed.
    private(set) var round = 0
    private var refusedInARow = 0
    private var hasApplied = false
    private var hasAppliedThisRound = false
    /// Nothing of what is left will ever be taken.
    private var isGivenUp = false
    private let lineCount: Int
    /// Whether a batch of one refused line is taken for an outage: there is no other line to compare it with, and the
    /// lane's last one went the same way.
    let doubtsLoneLine: Bool

    init(lineCount: Int, doubtsLoneLine: Bool) {
        stack = lineCount == 0 ? [] : [Item(piece: .lines(0..<lineCount))]
        self.lineCount = lineCount
        self.doubtsLoneLine = doubtsLoneLine
    }

    /// Lines refused alone, one after the other, before an outage is suspected. It doubles with every round, so that
    /// many bad lines side by side are told from an outage in the end.
    private var patience: Int { 4 << min(round, 24) }

    var step: Step {
        if refusedInARow >= patience { return .outage }
        if let item = stack.last { return .send(item.piece, attempt: 2 * round + tries) }
        if suspects.isEmpty { return .done }
        return isGivenUp || isBadDataCertain ? .deadLetter(suspects) : .outage
    }

    /// Lines that are refused while others of the same batch go through are bad data. Where an outage was suspected
    /// meanwhile, something must have gone through since; only after minutes of waiting do earlier lines count, for
    /// there may be nothing left to compare with.
    private var isBadDataCertain: Bool {
        hasAppliedThisRound || (hasApplied && round >= Self.lastRound) || (lineCount == 1 && !doubtsLoneLine)
    }

    /// By now outages were waited out for about a minute and a half.
    private static let lastRound = 8

    /// The piece on top was applied.
    mutating func applied(in batch: Batch) {
        guard let item = stack.popLast() else { return }
        defer { askUnconfirmedAgain(in: batch) }
        tries = 0
        refusedInARow = 0
        hasApplied = true
        hasAppliedThisRound = true
        if case .event(let number) = item.piece { appliedEvents.insert(number) }
        // The whole was refused and its left half was not: what is bad lies to the right, and need not be asked.
        if item.isLeftHalf, case .lines(let range)? = stack.last?.piece, range.count > 1 {
            stack.removeLast()
            pushHalves(of: range)
        }
    }

    /// The API refused the piece on top.
    ///
    /// It may be chance where the update was rolled back rather than refused at the door. The whole batch, and a line
    /// that stands alone, are then tried once more before anything follows from it.
    mutating func refused(reason: DeadLetterReason, message: String, mayBeChance: Bool, in batch: Batch) {
        guard let piece = stack.last?.piece else { return }
        let count = batch.lineCount(of: piece)
        if mayBeChance, tries == 0, count == lineCount || count == 1 {
            tries = 1
            return
        }
        tries = 0
        stack.removeLast()
        switch piece {
        case .lines(let range) where range.count > 1: pushHalves(of: range)
        case .lines(let range): suspect(batch.event(atLine: range.lowerBound), reason, message, in: batch)
        case .event(let number): suspect(number, reason, message, in: batch)
        }
        askUnconfirmedAgain(in: batch)
    }

    private mutating func pushHalves(of range: Range<Int>) {
        let middle = range.lowerBound + range.count / 2
        stack.append(Item(piece: .lines(middle..<range.upperBound)))
        stack.append(Item(piece: .lines(range.lowerBound..<middle), isLeftHalf: true))
    }

    private mutating func suspect(_ event: Int, _ reason: DeadLetterReason, _ message: String, in batch: Batch) {
        add(Suspect(event: event, reason: reason, message: message, isConfirmed: hasAppliedThisRound))
        refusedInARow += 1
        // What the refused line had superseded is the image's last good state.
        if let earlier = batch.eventSuperseded(by: event), !appliedEvents.contains(earlier),
            !suspectedEvents.contains(earlier)
        {
            stack.append(Item(piece: .event(earlier)))
        }
    }

    /// Lines that were refused before anything went through may have met the end of an outage. Now that the rest is
    /// done, they are asked for once more.
    private mutating func askUnconfirmedAgain(in batch: Batch) {
        guard stack.isEmpty, hasAppliedThisRound, suspects.contains(where: { !$0.isConfirmed }) else { return }
        let unconfirmed = suspects.filter { !$0.isConfirmed }
        suspects.removeAll { !$0.isConfirmed }
        suspectedEvents = Set(suspects.map(\.event))
        round += 1
        refusedInARow = 0
        // What a line had superseded that is bad for certain has nothing left to wait for.
        let freed = Set(suspects.compactMap { batch.eventSuperseded(by: $0.event) })
        stack = items(for: unconfirmed, freed: freed, in: batch)
    }

    /// A refused event that another had superseded is not asked for by itself: it comes up again only if the later one
    /// is refused again, and must never be applied after it.
    private func items(for suspects: [Suspect], freed: Set<Int> = [], in batch: Batch) -> [Item] {
        suspects.filter { !batch.isSuperseded($0.event) || freed.contains($0.event) }
            .map { Item(piece: .event($0.event)) }
    }

    /// After an outage was waited out: what was not tried yet comes first, then the lines that were refused meanwhile.
    mutating func resume(in batch: Batch) {
        round += 1
        tries = 0
        refusedInARow = 0
        hasAppliedThisRound = false
        stack.insert(contentsOf: items(for: suspects, in: batch), at: 0)
        deadLettered()
    }

    /// Everything that was not applied is to be dead-lettered.
    mutating func giveUp(reason: DeadLetterReason, message: String, in batch: Batch) {
        isGivenUp = true
        refusedInARow = 0
        var events: [Int] = []
        for item in stack.reversed() {
            switch item.piece {
            case .lines(let range): events += range.map(batch.event(atLine:))
            case .event(let number): events.append(number)
            }
        }
        stack = []
        for event in events {
            var next: Int? = event
            while let number = next, !appliedEvents.contains(number) {
                add(Suspect(event: number, reason: reason, message: message))
                next = batch.eventSuperseded(by: number)
            }
        }
    }

    private mutating func add(_ suspect: Suspect) {
        if suspectedEvents.insert(suspect.event).inserted { suspects.append(suspect) }
    }

    /// Nothing is left to be said of the suspects.
    mutating func deadLettered() {
        suspects = []
        suspectedEvents = []
    }
}
