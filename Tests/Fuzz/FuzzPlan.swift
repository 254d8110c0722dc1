import Foundation

/// Which inputs a run makes. Every input is a pure function of seed and index, so any can be made again.
enum FuzzPlan {
    /// `LINEFEED_FUZZ_SEED`; else another one every day, so that CI does not only repeat itself.
    static let seed = number("LINEFEED_FUZZ_SEED") ?? Int(Date().timeIntervalSince1970 / 86400)
    /// `LINEFEED_FUZZ_COUNT`, of each kind.
    static let count = number("LINEFEED_FUZZ_COUNT") ?? 10_000

    private static func number(_ name: String) -> Int? {
        ProcessInfo.processInfo.environment[name].flatMap { Int($0) }
    }

    static func random(_ index: Int) -> FuzzRandom {
        FuzzRandom(seed: UInt64(truncatingIfNeeded: seed) &* 0x9E37_79B9_7F4A_7C15 &+ UInt64(index))
    }

    /// How to make an input again.
    static func recipe(_ index: Int, _ input: [UInt8]) -> String {
        "LINEFEED_FUZZ_SEED=\(seed), input \(index): \(Data(input).base64EncodedString())"
    }

    /// The files of one folder of the corpus, in the order of their names.
    static func corpus(_ folder: String) throws -> [[UInt8]] {
        let url = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "corpus/\(folder)")
        let names = try FileManager.default.contentsOfDirectory(atPath: url.path).sorted()
        return try names.map { Array(try Data(contentsOf: url.appending(path: $0))) }
    }
}

/// SplitMix64: small, seeded, the same everywhere.
struct FuzzRandom: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) {
        state = seed
    }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var value = state
        value = (value ^ (value >> 30)) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
        return value ^ (value >> 31)
    }
}
