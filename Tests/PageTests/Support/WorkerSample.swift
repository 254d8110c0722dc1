import Foundation

/// A worker's status as the page expects it, with figures that grow.
struct WorkerSample: Encodable {
    struct Lane: Encodable {
        var dataset: String
        var state = "waiting"
        var reason: String?
        var detail: String?
        var failures = 0
        var seconds: Double
    }

    struct Partition: Encodable {
        var partition: Int
        var watermark: Int
        var position: Int
        var lag: Int
        var ledgerBytes: Int
        var ledgerLimit = 3_900
        var isPaused = false
        var lanesInFlight: Int
        var lanesWaiting = 0
        var lanes: [Lane] = []
        var oldestUnsettledSeconds: Double?
        var holdup: String?
        var stalledSeconds: Double?
    }

    static let obstacle = "The API refuses the credentials for 40 s: <b>access denied</b>."

    var group = "linefeed"
    var topic = "labelling"
    var membership = ["state": "member", "instance": "worker-0"]
    var readiness = ["obstacles": [["reason": "access-refused", "detail": obstacle]]]
    var partitions: [Partition]
    var memory = ["heldBytes": 18 << 20, "budgetBytes": 128 << 20]
    var totals: [String: Int]

    init(secondsUp: Double) {
        totals = ["eventsSettled": 1_234_567 + Int(secondsUp * 850), "deadLetters": 12]
        partitions = [
            Partition(
                partition: 0, watermark: 411_520, position: 413_007, lag: 1_490, ledgerBytes: 212, lanesInFlight: 3,
                oldestUnsettledSeconds: 4.2),
            Partition(
                partition: 1, watermark: 390_001, position: 412_876, lag: 22_899, ledgerBytes: 3_611, isPaused: true,
                lanesInFlight: 1, lanesWaiting: 7,
                lanes: [
                    Lane(dataset: "boards/train", reason: "access-denied", failures: 41, seconds: 1_200),
                    Lane(
                        dataset: "a-project-with-quite-a-long-name-for-a-narrow-screen_2026/test",
                        reason: "missing-dataset", detail: "Project none does not exist.", failures: 4, seconds: 45),
                    Lane(
                        dataset: "<img src=x onerror=window.pwned=1>/train", reason: "throttling",
                        detail: "</span><script>window.pwned=1</script>", seconds: 2),
                    Lane(dataset: "cookies/train", state: "calling", seconds: 1),
                ], oldestUnsettledSeconds: 1_260, holdup: "boards/train waits, as access is denied", stalledSeconds: 900
            ),
            Partition(
                partition: 2, watermark: 415_002, position: 415_002, lag: 0, ledgerBytes: 0, lanesInFlight: 0),
        ]
    }
}
