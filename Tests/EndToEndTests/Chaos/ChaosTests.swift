import Foundation
import Testing

extension EndToEnd {
    /// The promise under every fault that processes, brokers and networks have to offer.
    @Suite struct ChaosTests {
        private static let environment = ProcessInfo.processInfo.environment

        /// `LINEFEED_CHAOS_SECONDS` and `LINEFEED_CHAOS_SEED` choose another run than the short one of a random seed.
        @Test("Kills, freezes, broker and network faults: nothing lost, nothing twice")
        func chaos() async throws {
            let seed = Self.environment["LINEFEED_CHAOS_SEED"].flatMap { UInt64($0) }
            let seconds = Self.environment["LINEFEED_CHAOS_SECONDS"].flatMap { Int($0) }
            let run = ChaosRun(seed: seed ?? .random(in: 0..<1_000_000), length: .seconds(seconds ?? 110))
            print("chaos with LINEFEED_CHAOS_SEED=\(run.seed)")
            print(try await run())
        }
    }
}
