import Foundation
import Settlement
import Testing

/// The real settlement machine in any number of simulated workers, under every fault there is a name for.
///
/// - `LINEFEED_SIM_SEEDS=n` plays the seeds 0 to n - 1 instead of the first few thousand.
/// - `LINEFEED_SIM_SEED=s` plays one seed and prints what happens, step by step.
/// - `LINEFEED_SIM_MUTATION_SEEDS=n` is how long a switched-off rule is looked for.
///
/// A seed passes if, once the faults have ended and everything has drained: every dataset equals the fold of its log
/// (dead letters left out), no update applied an event again while its token was remembered, no commit and no ledger
/// ever spoke of an unsettled event as settled, every event ended applied, replaced or dead-lettered for a reason, and
/// no lane starved behind one that was stuck.
@Suite struct SimulationTests {
    struct Run {
        var violation: String?
        var steps: Int
        var fingerprint: UInt64
        var sights: World.Sights
    }

    private static func play(_ seed: UInt64, mutation: Mutation? = nil) -> Run {
        let world = World(scenario: Scenario(seed: seed), mutation: mutation)
        world.run()
        return Run(violation: world.violation, steps: world.steps, fingerprint: world.fingerprint, sights: world.sights)
    }

    private static func number(_ name: String) -> Int? {
        ProcessInfo.processInfo.environment[name].flatMap { Int($0) }
    }

    @Test func noSeedBreaksThePromise() async throws {
        if let seed = Self.number("LINEFEED_SIM_SEED") {
            let world = World(scenario: Scenario(seed: UInt64(seed)), tracing: true)
            world.run()
            for line in world.traceLines { print(line) }
            #expect(world.violation == nil)
            return
        }
        let count = Self.number("LINEFEED_SIM_SEEDS") ?? 3000
        let chunk = 64
        let results = await withTaskGroup(of: (steps: Int, sights: World.Sights, failures: [(UInt64, String)]).self) {
            group in
            for start in stride(from: 0, to: count, by: chunk) {
                group.addTask {
                    var steps = 0
                    var sights = World.Sights()
                    var failures: [(UInt64, String)] = []
                    for seed in start..<min(start + chunk, count) {
                        let run = Self.play(UInt64(seed))
                        steps += run.steps
                        sights += run.sights
                        if let violation = run.violation { failures.append((UInt64(seed), violation)) }
                    }
                    return (steps, sights, failures)
                }
            }
            return await group.reduce(into: (steps: 0, sights: World.Sights(), failures: [(UInt64, String)]())) {
                total, part in
                total.steps += part.steps
                total.sights += part.sights
                total.failures += part.failures
            }
        }
        print("simulated \(count) seeds, \(results.steps) steps of the machine, \(results.failures.count) violations")
        print("came across \(results.sights)")
        if count >= 1000 {
            #expect(results.sights.isComplete, "the scenarios leave something out")
        }
        for (seed, violation) in results.failures.sorted(by: { $0.0 < $1.0 }).prefix(10) {
            Issue.record("LINEFEED_SIM_SEED=\(seed): \(violation)")
        }
    }

    /// Every rule that is switched off is missed by somebody.
    @Test(arguments: Mutation.allCases) func everyRuleIsNeeded(mutation: Mutation) {
        let limit = Self.number("LINEFEED_SIM_MUTATION_SEEDS") ?? 20_000
        for seed in 0..<UInt64(limit) where mutation.matters(in: Scenario(seed: seed)) {
            if let violation = Self.play(seed, mutation: mutation).violation {
                print("without its rule, \(mutation.rawValue) is caught at seed \(seed): \(violation)")
                return
            }
        }
        Issue.record("\(mutation.rawValue) was not noticed in \(limit) seeds")
    }

    @Test func aSeedReplaysToTheSameTrace() {
        for seed in UInt64(0)..<50 {
            #expect(Self.play(seed).fingerprint == Self.play(seed).fingerprint)
        }
    }
}
