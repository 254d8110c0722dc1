import Labelling
import LookoutVision
import Settlement
import Testing

extension Bench {
    /// How long the world takes for what it is asked, in milliseconds.
    struct Pace {
        var call: Int64 = 1000
        var commit: Int64 = 10
        /// Between two reads of the log.
        var read: Int64 = 20
    }

    /// Does the rewinds that were asked for.
    private func readAgain() {
        let asked = takeRewinds()
        for (partition, offset) in asked {
            machine.rewound(partition: partition, to: offset, now: now)
            redeliver(partition, from: offset, count: readEnd(partition) - Int(offset))
        }
    }

    /// What becomes of a call.
    enum Outcome {
        case answered(Answer)
        case never
    }

    /// Hands over events that are in the log already, without a turn in between.
    func load(_ events: [SampleEvent], partition: Int32 = 0) {
        publishSilently(events.map(Entry.event), partition: partition)
    }

    /// Lets time pass, and answers calls and commits at their pace, until `isOver` or the time is up.
    /// - Returns: how many seconds have passed.
    @discardableResult
    func play(
        _ pace: Pace = Pace(), forAtMost seconds: Int64, until isOver: @autoclosure () -> Bool = false,
        outcome: (Call) -> Outcome = { _ in .answered(.completed) }
    ) -> Double {
        let start = now.monotonic
        let end = start + seconds * 1_000_000_000
        var due: [RequestID: Int64] = [:]
        var commitDue: Int64?
        while now.monotonic < end, !isOver() {
            readAgain()
            for call in calls where due[call.id] == nil {
                if case .never = outcome(call) {
                    due[call.id] = .max
                } else {
                    due[call.id] = now.monotonic + pace.call * 1_000_000
                }
            }
            if commit == nil {
                commitDue = nil
            } else {
                commitDue = commitDue ?? now.monotonic + pace.commit * 1_000_000
            }
            let next = min(due.values.min() ?? .max, commitDue ?? .max, deadline ?? .max, end)
            if next > now.monotonic { pass((next - now.monotonic + 999_999) / 1_000_000) } else { turn() }
            if let commitDue, commitDue <= now.monotonic, commit != nil { acknowledge() }
            for call in calls where due[call.id] ?? .max <= now.monotonic {
                due[call.id] = nil
                if case .answered(let answer) = outcome(call) { self.answer(call, answer) }
            }
            due = due.filter { id, _ in calls.contains { $0.id == id } }
            while !letters.isEmpty { answerLetters() }
        }
        return Double(now.monotonic - start) / 1e9
    }
}

/// Names that share nothing, as generated ones do.
struct UnrelatedNames {
    private var random = SplitMix64(seed: 36)

    mutating func next() -> String {
        String((0..<36).map { _ in Character(UnicodeScalar(UInt8(97 + random.next() % 26))) })
    }

    static func list(_ count: Int) -> [String] {
        var names = UnrelatedNames()
        return (0..<count).map { _ in names.next() }
    }
}

extension Bench {
    /// Every event went out under one token alone, so that an API which remembers tokens has applied it once.
    func expectNothingTwice() {
        var lines: Set<String> = []
        var seen: Set<String> = []
        for call in everyCall where call.kind == .update && seen.insert(token(call)).inserted {
            for line in call.batch.textLines(of: call.piece) {
                #expect(lines.insert(call.batch.dataset.project + line).inserted, "an event is in two batches")
            }
        }
    }
}
