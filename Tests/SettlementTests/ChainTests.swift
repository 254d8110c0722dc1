import Labelling
import LookoutVision
import Testing

@testable import Settlement

@Suite struct ChainTests {
    private func batch(_ refs: [String]) -> Batch {
        let segment = Segment(openedAt: 0)
        for (offset, ref) in refs.enumerated() {
            SampleEvent("p", ref, "\(offset)").withEvent { segment.append($0, offset: Int64(offset)) }
        }
        return Batch(
            era: 0, dataset: DatasetKey(project: "p", type: .train), partition: 0, cut: Int64(refs.count - 1),
            segment: segment)
    }

    private struct Outcome {
        var calls = 0
        /// Lines in the order in which they were applied.
        var applied: [String] = []
        var deadLettered: [Int64] = []
        var outages = 0
        var tokens: Set<String> = []
    }

    /// Steps a chain against an API that refuses payloads with a bad line.
    private func run(
        _ batch: Batch, rollsBack: Bool = true, doubtsLoneLine: Bool = false, outageLimit: Int = 40,
        isBad: (_ line: String, _ outages: Int) -> Bool
    ) -> Outcome {
        var chain = Chain(lineCount: batch.lineCount, doubtsLoneLine: doubtsLoneLine)
        var outcome = Outcome()
        while true {
            switch chain.step {
            case .send(let piece, let attempt):
                outcome.calls += 1
                let token = "\(piece)/\(attempt)"
                let lines = batch.textLines(of: piece)
                if lines.contains(where: { isBad($0, outcome.outages) }) {
                    chain.refused(reason: .rolledBack, message: "bad", mayBeChance: rollsBack, in: batch)
                } else {
                    #expect(outcome.tokens.insert(token).inserted, "applied twice under \(token)")
                    outcome.applied += lines
                    chain.applied(in: batch)
                }
            case .deadLetter(let suspects):
                outcome.deadLettered += suspects.map { batch.offset(ofEvent: $0.event) }
                chain.deadLettered()
            case .outage:
                outcome.outages += 1
                if outcome.outages > outageLimit { return outcome }
                chain.resume(in: batch)
            case .done: return outcome
            }
        }
    }

    @Test func goodBatchIsOneCall() {
        let outcome = run(batch(["a", "b", "c"])) { _, _ in false }
        #expect(outcome.calls == 1)
        #expect(outcome.applied.count == 3)
    }

    @Test(arguments: [0, 1, 4999, 5000, 9998, 9999])
    func onePoisonLineAmongTenThousand(position: Int) {
        let batch = batch((0..<10_000).map(String.init))
        let poison = batch.textLines(of: .event(position))[0]
        for (rollsBack, limit) in [(true, 2 * 14 + 6), (false, 2 * 14 + 2)] {
            let outcome = run(batch, rollsBack: rollsBack) { line, _ in line == poison }
            #expect(outcome.deadLettered == [Int64(position)])
            #expect(outcome.applied.count == 9999)
            #expect(Set(outcome.applied).count == 9999)
            #expect(outcome.calls <= limit, "log2(10,000) is 13.3; at most two calls a level")
            #expect(outcome.outages == 0)
        }
    }

    @Test func refusedLineGivesWayToWhatItSuperseded() {
        let batch = batch(["a", "b", "a", "a", "c"])
        let bad = Set([batch.textLines(of: .event(3))[0], batch.textLines(of: .event(2))[0]])
        let outcome = run(batch) { line, _ in bad.contains(line) }
        #expect(outcome.deadLettered.sorted() == [2, 3])
        #expect(
            Set(outcome.applied) == Set([0, 1, 4].map { batch.textLines(of: .event($0))[0] }),
            "the image's last good state is applied")
    }

    @Test func everyLineRefusedIsAnOutage() {
        for count in [2, 3, 8, 40] {
            let outcome = run(batch((0..<count).map(String.init))) { _, outages in outages < 5 }
            #expect(outcome.deadLettered.isEmpty)
            #expect(outcome.outages == 5)
            #expect(Set(outcome.applied).count == count)
            #expect(outcome.applied.count == count)
        }
    }

    @Test func outageThatEndsUnnoticedCostsNoLine() {
        // Nothing goes through at first, then everything does, before an outage was even suspected.
        for refusals in 0..<30 {
            let batch = batch((0..<20).map(String.init))
            var calls = 0
            let outcome = run(batch) { _, _ in
                calls += 1
                return calls <= refusals
            }
            #expect(outcome.deadLettered.isEmpty)
            #expect(outcome.applied.count == 20)
        }
    }

    @Test func outageThatBeginsAfterAFirstSuccessIsOneToo() {
        let batch = batch((0..<40).map(String.init))
        // The left half goes through, then nothing does for a while.
        let left = Set(batch.textLines(of: .lines(0..<20)))
        let poison = batch.textLines(of: .event(39))[0]
        let outcome = run(batch) { line, outages in line == poison || (!left.contains(line) && outages < 6) }
        #expect(outcome.applied.count == 39)
        #expect(outcome.deadLettered == [39])
    }

    @Test func manyBadLinesSideBySideEndAsDeadLetters() {
        for range in [0..<12, 14..<26, 28..<40] {
            let batch = batch((0..<40).map(String.init))
            let bad = Set(batch.textLines(of: .lines(range)))
            let outcome = run(batch) { line, _ in bad.contains(line) }
            #expect(outcome.deadLettered.sorted() == range.map(Int64.init))
            #expect(outcome.applied.count == 28)
        }
    }

    @Test func loneLineIsDeadLetteredOnceThenDoubted() {
        let batch = batch(["a"])
        let first = run(batch) { _, _ in true }
        #expect(first.deadLettered == [0])
        #expect(first.calls == 2)
        let second = run(batch, doubtsLoneLine: true, outageLimit: 3) { _, _ in true }
        #expect(second.deadLettered.isEmpty)
        #expect(second.outages == 4)
    }

    @Test func givingUpNamesEveryEventNotAppliedOnce() {
        let batch = batch(["a", "b", "a", "c", "b"])
        var chain = Chain(lineCount: batch.lineCount, doubtsLoneLine: false)
        chain.giveUp(reason: .datasetMissing, message: "gone", in: batch)
        guard case .deadLetter(let suspects) = chain.step else {
            Issue.record("nothing to dead-letter")
            return
        }
        #expect(suspects.map(\.event).sorted() == [0, 1, 2, 3, 4])
    }

    /// Whatever is bad and whenever the API is out, nothing good is lost and an image never goes back to an older state.
    @Test func randomChainsKeepTheFold() {
        var random = SplitMix64(seed: 11)
        for _ in 0..<3000 {
            let count = Int.random(in: 1...24, using: &random)
            let batch = batch((0..<count).map { _ in "r\(Int.random(in: 0..<16, using: &random))" })
            let badness = Int.random(in: 1...8, using: &random)
            var bad: Set<String> = []
            for event in 0..<count where Int.random(in: 0..<8, using: &random) < badness - 1 {
                bad.insert(batch.textLines(of: .event(event))[0])
            }
            let outageEnd = Int.random(in: 0...4, using: &random)
            let outcome = run(batch) { line, outages in bad.contains(line) || outages < outageEnd }
            let letters = Set(outcome.deadLettered)
            #expect(letters.count == outcome.deadLettered.count, "no event is dead-lettered twice")
            guard outcome.outages <= 40 else {
                #expect(outcome.applied.isEmpty, "only where nothing ever went through may a batch wait for ever")
                continue
            }
            var state: [Substring: String] = [:]
            for line in outcome.applied { state[line.prefix(while: { $0 != "," })] = line }
            var fold: [Substring: String] = [:]
            for event in 0..<count where !letters.contains(Int64(event)) {
                let line = batch.textLines(of: .event(event))[0]
                fold[line.prefix(while: { $0 != "," })] = line
            }
            #expect(state == fold)
            #expect(Set(outcome.applied).count == outcome.applied.count, "no event is applied twice")
        }
    }
}
