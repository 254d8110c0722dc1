import Foundation
import Testing

extension EndToEnd {
    /// The promise under every fault that processes, brokers and networks have to offer.
    @Suite struct ChaosTests {
        private static let environment = ProcessInfo.processInfo.environment

        /// What a round lasts at the most, beginning and draining not counted.
        private static let round = 60
        /// Of rounds, one after the other, in which the embedded cluster may abort.
        private static let patience = 4

        /// `LINEFEED_CHAOS_SECONDS` and `LINEFEED_CHAOS_SEED` choose another run than the short one of a random seed. It
        /// goes in rounds, each with processes, a cluster and a database of its own, and with the seed's next number.
        @Test("Kills, freezes, broker and network faults: nothing lost, nothing twice")
        func chaos() async throws {
            let seconds = Self.environment["LINEFEED_CHAOS_SECONDS"].flatMap { Int($0) } ?? 110
            var seed = Self.environment["LINEFEED_CHAOS_SEED"].flatMap { UInt64($0) } ?? .random(in: 0..<1_000_000)
            let rounds = max(1, (seconds + Self.round - 1) / Self.round)
            var done = 0
            var kills = 0
            var aborted = 0
            while done < rounds {
                print("chaos, round \(done + 1) of \(rounds): LINEFEED_CHAOS_SEED=\(seed)")
                if let report = try await ChaosRun(seed: seed, length: .seconds(seconds / rounds))() {
                    print(report.figures)
                    kills += report.kills
                    done += 1
                    aborted = 0
                } else {
                    aborted += 1
                    print("the embedded cluster aborted by a fault of its own; nothing was wrong until then")
                    try #require(aborted < Self.patience, "the embedded cluster aborted \(aborted) times in a row")
                }
                seed += 1
            }
            if seconds >= 110 { #expect(kills >= 30) }
        }
    }
}
