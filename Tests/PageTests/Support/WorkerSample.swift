import Foundation

/// A worker's status as the page expects it, with figures that grow.
struct WorkerSample: Encodable {
    static let reasons = ["The API refuses the credentials since 40 s: <b>access denied</b>."]

    struct Lane: Encodable {
        var dataset: String
        var reason: String
        var since: Double
    }

    struct Partition: Encodable {
        var topic = "labelling"
        var partition: Int
        var watermark: Int
        var position: Int
        var high: Int
        var lag: Int
        var ledgerCharacters: Int
        var ledgerRoom = 3_900
        var lanesInFlight: Int
        var oldestUnsettledSeconds: Double
        var lanesWaiting: [Lane] = []
    }

    struct Memory: Encodable {
        var held: Int
        var budget: Int
    }

    var name = "worker-0"
    var version = "0.1.0"
    var group = "linefeed"
    var startedAt: Double
    var reasons = WorkerSample.reasons
    var partitions: [Partition]
    var memory = Memory(held: 18 << 20, budget: 128 << 20)
    var counters: [String: Int]

    init(secondsUp: Double) {
        let now = Date().timeIntervalSince1970
        startedAt = now - 7_500 - secondsUp
        counters = [
            "consumed": 1_240_000 + Int(secondsUp * 900), "settled": 1_234_567 + Int(secondsUp * 850),
            "deadLettered": 12,
            "calls": 4_711,
        ]
        partitions = [
            Partition(
                partition: 0, watermark: 411_520, position: 413_007, high: 413_010, lag: 1_490, ledgerCharacters: 212,
                lanesInFlight: 3, oldestUnsettledSeconds: 4.2),
            Partition(
                partition: 1, watermark: 390_001, position: 412_876, high: 412_900, lag: 22_899,
                ledgerCharacters: 3_611,
                lanesInFlight: 1, oldestUnsettledSeconds: 1_260,
                lanesWaiting: [
                    Lane(dataset: "boards/train", reason: "access is denied", since: now - 1_200),
                    Lane(
                        dataset: "a-project-with-quite-a-long-name-for-a-narrow-screen_2026/test",
                        reason: "the dataset does not exist", since: now - 45),
                    Lane(dataset: "<img src=x onerror=window.pwned=1>/train", reason: "throttling", since: now - 2),
                ]),
            Partition(
                partition: 2, watermark: 415_002, position: 415_002, high: 415_002, lag: 0, ledgerCharacters: 0,
                lanesInFlight: 0, oldestUnsettledSeconds: 0),
        ]
    }
}
