import Labelling
import LookoutVision
import Testing

@testable import Settlement

/// One owner after the other, each of which dies somewhere in the replay of what the one before has left: while batches
/// are being formed again, before the ceiling was read, with queues given up for want of memory or half read again.
@Suite struct TakeOverTests {
    private static let busy = Bench.Outcome.answered(.exception(APIException(.conflict, "busy")))

    /// What the run of a seed has come across.
    private struct Sights {
        var ceilings = 0
        var unreadCeilings = 0
        var reforming = 0
        var missing = 0
        var hashes = 0
    }

    private func bench(seed: UInt64, lanes: Int, rounds: Int) -> (Bench, stuck: Set<String>) {
        let bench = Bench(
            Bench.settings {
                $0.ledgerCharacters = 460
                $0.batchLines = 2
                $0.concurrency = 4
                if seed % 3 == 0 { $0.memoryBytes = 14_000 }
            })
        bench.assign(0)
        // (With two of the same hash.)
        let names = ["line-63623", "line-94739"] + UnrelatedNames.list(lanes - 2)
        var random = SplitMix64(seed: seed)
        for round in 0..<rounds { bench.load(names.shuffled(using: &random).map { SampleEvent($0, "\(round)") }) }
        bench.turn()
        return (bench, stuck: Set(names.shuffled(using: &random).prefix(4)))
    }

    private func look(_ bench: Bench, _ sights: inout Sights) {
        guard let partition = bench.machine.partitions[0] else { return }
        if partition.levels.ceiling != nil { sights.ceilings += 1 }
        if partition.isReadingInheritance, partition.inherited.ceiling != nil { sights.unreadCeilings += 1 }
        if partition.isReforming { sights.reforming += 1 }
        if !partition.lanesMissing.isEmpty { sights.missing += 1 }
        if (try? bench.ledger())?.entries.contains(where: { if case .hash = $0.name { true } else { false } }) == true {
            sights.hashes += 1
        }
    }

    @Test func ownersThatDieAtAnyPointOfTheReplay() throws {
        var sights = Sights()
        for seed in UInt64(0)..<9 {
            let (bench, stuck) = bench(seed: seed, lanes: 90, rounds: 4)
            var random = SplitMix64(seed: seed)
            let outcome = { (call: Call) -> Bench.Outcome in
                stuck.contains(call.batch.dataset.project) ? Self.busy : .answered(.completed)
            }
            for _ in 0..<30 {
                bench.play(
                    Bench.Pace(call: 100, commit: 5), forAtMost: Int64.random(in: 1...2, using: &random),
                    until: Int.random(in: 0..<60, using: &random) == 0, outcome: outcome)
                look(bench, &sights)
                // A commit on its way when the owner dies may still arrive.
                if bench.commit != nil, Bool.random(using: &random) { bench.acknowledge() }
                bench.restart()
                bench.assign(0)
                let start = Int(bench.committed[0]?.offset ?? 0)
                bench.reread(upTo: min(bench.logEnd(0), start + Int.random(in: 0...200, using: &random)))
            }
            bench.reread()
            bench.play(Bench.Pace(call: 100, commit: 5), forAtMost: 900, until: bench.committed[0]?.offset == 360)
            #expect(bench.committed[0]?.offset == 360, "seed \(seed)")
            bench.expectNothingTwice()
            let sent = Set(
                bench.everyCall.flatMap { call in
                    call.batch.textLines(of: call.piece).map { call.batch.dataset.project + $0 }
                })
            #expect(sent.count == 360, "seed \(seed)")
        }
        print("take-overs: \(sights)")
        #expect(sights.ceilings > 0 && sights.unreadCeilings > 0 && sights.reforming > 0)
        #expect(sights.missing > 0 && sights.hashes > 0)
    }

    /// The records of lanes that only their hashes speak of are gone: nothing is waited for.
    @Test(arguments: [false, true]) func lanesWhoseRecordsAreGoneAreForgotten(byRetention: Bool) throws {
        let (bench, stuck) = bench(seed: 1, lanes: 90, rounds: 4)
        bench.play(
            Bench.Pace(call: 100, commit: 5), forAtMost: 6,
            outcome: { stuck.contains($0.batch.dataset.project) ? Self.busy : .answered(.completed) })
        let ledger = try bench.ledger()
        let hashed = ledger.entries.filter { if case .hash = $0.name { true } else { false } }
        try #require(hashed.contains { $0.inFlight != nil })
        bench.restart()
        let names = Set(
            hashed.compactMap { entry in
                bench.entries(0).compactMap(\.dataset).first { LaneName.hash(LaneDigest($0).hash) == entry.name }
            })
        for (offset, entry) in bench.entries(0).enumerated()
        where byRetention ? offset < 200 : entry.dataset.map(names.contains) ?? false {
            bench.compact(offset)
        }
        bench.assign(0)
        bench.reread()
        bench.play(Bench.Pace(call: 100, commit: 5), forAtMost: 900, until: bench.committed[0]?.offset == 360)
        #expect(bench.committed[0]?.offset == 360)
        #expect(bench.machine.partitions[0]?.unmet.isEmpty == true)
        #expect(bench.machine.partitions[0]?.reformingCuts.isEmpty == true)
    }

    /// A dataset that was not there when the ledger was written may have the hash of one that was.
    @Test func newcomerWithTheHashOfAnother() throws {
        let bench = Bench(Bench.settings { $0.ledgerCharacters = 300 })
        bench.assign(0)
        let others = UnrelatedNames.list(8)
        bench.load((["line-63623"] + others).map { SampleEvent($0, "a") })
        bench.turn()
        bench.play(
            forAtMost: 2, outcome: { $0.batch.dataset.project == "line-63623" ? .answered(.completed) : Self.busy })
        let hash = LaneDigest(DatasetKey(project: "line-63623", type: .train)).hash
        #expect(LaneDigest(DatasetKey(project: "line-94739", type: .train)).hash == hash)
        bench.restart()
        // It comes before whoever reads again has met the other, and after all that the ledger speaks of.
        bench.compact(0)
        bench.assign(0)
        bench.load([SampleEvent("line-94739", "b"), SampleEvent("line-63623", "c")])
        bench.restart()
        bench.assign(0)
        bench.reread()
        bench.play(forAtMost: 600, until: bench.committed[0]?.offset == 11)
        #expect(bench.committed[0]?.offset == 11)
        let sent = bench.everyCall.flatMap { $0.batch.textLines(of: $0.piece) }
        #expect(
            sent.contains(SampleEvent("line-94739", "b").line) && sent.contains(SampleEvent("line-63623", "c").line))
        bench.expectNothingTwice()
    }
}
