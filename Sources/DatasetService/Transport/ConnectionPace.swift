import NIOCore

/// When a connection has been waited for long enough; pure, the time is an input.
///
/// A request passes waiting → receiving → answering, and back to waiting. Where the answer begins before the request has
/// ended, nothing more can be made of what still comes: the answer says that it is the last, then lingering, then closed. Time counts against the client only
/// while it is the client's turn; beside that, against taking what has been written to it.
struct ConnectionPace {
    /// The client sent its request too slowly. Reaches whoever reads the body.
    struct TooSlow: Error {}

    enum Verdict: Equatable {
        /// It is all right until then, or for as long as it takes.
        case wait(until: NIODeadline?)
        /// Tell whoever reads the body that no more will come.
        case interrupt
        case close
        /// Close it without waiting for what has been written to be taken.
        case abort
    }

    private enum Turn {
        case waiting(until: NIODeadline)
        case receiving(since: NIODeadline, bytes: Int)
        /// Interrupted, and whoever reads the body has not answered yet.
        case interrupted
        case answering
        case lingering(until: NIODeadline)
    }

    private let limits: ConnectionLimits
    private var turn: Turn
    /// Requests whose answer is not complete; more than one where the client sends ahead.
    private var unanswered = 0
    private var isReading = false
    private var isLast = false
    private var writing: (since: NIODeadline, bytes: Int, outstanding: Int)?

    init(limits: ConnectionLimits, now: NIODeadline) {
        self.limits = limits
        turn = .waiting(until: now + limits.firstHead)
    }

    var isLingering: Bool {
        if case .lingering = turn { true } else { false }
    }

    mutating func head(now: NIODeadline) {
        unanswered += 1
        isReading = true
        if unanswered == 1 { turn = .receiving(since: now, bytes: 0) }
    }

    mutating func body(bytes: Int) {
        guard case .receiving(let since, let received) = turn else { return }
        turn = .receiving(since: since, bytes: received + bytes)
    }

    mutating func end() {
        isReading = false
        if case .receiving = turn { turn = .answering }
    }

    /// An answer begins.
    ///
    /// - Returns: whether it has to say that it is the last one on this connection.
    mutating func answers() -> Bool {
        if isReading, unanswered == 1 { isLast = true }
        return isLast
    }

    /// An answer is complete, other than one that only announces another.
    mutating func answered(now: NIODeadline) {
        unanswered -= 1
        if isLast {
            turn = .lingering(until: now + limits.linger)
        } else if unanswered > 0 {
            // The next request has been sent ahead; its body may still be on its way.
            turn = isReading && unanswered == 1 ? .receiving(since: now, bytes: 0) : .answering
        } else {
            turn = .waiting(until: now + limits.idle)
        }
    }

    mutating func written(bytes: Int, now: NIODeadline) {
        let before = writing ?? (since: now, bytes: 0, outstanding: 0)
        writing = (before.since, before.bytes + bytes, before.outstanding + 1)
    }

    mutating func taken() {
        guard let before = writing else { return }
        writing = before.outstanding > 1 ? (before.since, before.bytes, before.outstanding - 1) : nil
    }

    mutating func judge(now: NIODeadline) -> Verdict {
        var deadlines: [NIODeadline] = []
        if let writing {
            let deadline = self.deadline(since: writing.since, bytes: writing.bytes)
            guard now < deadline else { return .abort }
            deadlines.append(deadline)
        }
        switch turn {
        case .waiting(let until), .lingering(let until):
            guard now < until else { return .close }
            deadlines.append(until)
        case .receiving(let since, let bytes):
            let deadline = self.deadline(since: since, bytes: bytes)
            guard now < deadline else {
                turn = .interrupted
                return .interrupt
            }
            deadlines.append(deadline)
        case .interrupted, .answering: break
        }
        return .wait(until: deadlines.min())
    }

    private func deadline(since: NIODeadline, bytes: Int) -> NIODeadline {
        since + limits.grace + .nanoseconds(Int64(Double(bytes) / Double(limits.leastBytesPerSecond) * 1e9))
    }
}
