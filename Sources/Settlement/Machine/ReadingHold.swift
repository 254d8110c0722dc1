/// The time in which no more is read, since a turn has ended, so that what was read goes out first: no longer than the turn
/// has lasted. Monotonic nanoseconds.
struct ReadingHold {
    let since: Int64
    let until: Int64

    /// Calls that take long are not waited for: then there is time for both.
    static let longest: Int64 = 100_000_000
}

extension Settlement {
    /// Whether records had better not be taken in now. Done side by side, reading and sending take the processor's caches
    /// from each other, and more memory; so where many lanes go out together, most of them do before the next partition
    /// is read on. To take records in nevertheless does no harm.
    package var sendsFirst: Bool { hold != nil }

    /// Ends the hold when it is over, or when there are few lanes left to go out: less than two for each place, cut or not.
    func reconsiderHold(now: Int64) {
        guard let hold,
            now >= hold.until || lanesToCut.count + batchesAhead < settings.concurrency * 2 || leavingSince != nil
                || stopping != nil
        else { return }
        self.hold = nil
        endingTurn?.passOver(hold, now: now)
        turn?.passOver(hold, now: now)
    }
}
