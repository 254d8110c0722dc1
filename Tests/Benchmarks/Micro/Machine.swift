internal import Labelling
internal import Settlement

/// The settlement machine with a coordinator and an API that answer at once.
final class Machine {
    private let machine: Settlement
    private var offsets: [Int64]
    private var time: Int64 = 1
    private var calls: [Call] = []

    init(partitions: Int, concurrency: Int = 10_000, ledgerCharacters: Int = 3900) {
        var settings = Settings(group: "benchmark", topic: "events")
        settings.concurrency = concurrency
        settings.ledgerCharacters = ledgerCharacters
        settings.memoryBytes = 1 << 40
        settings.linger = .zero
        machine = Settlement(settings: settings, seed: 1)
        offsets = Array(repeating: 0, count: partitions)
        for partition in offsets.indices {
            machine.assign(Int32(partition), committed: 0, metadata: "", start: 0, now: now)
        }
    }

    private var now: Moment { Moment(monotonic: time, wall: time / 1_000_000) }

    func append(_ event: LabellingEvent, partition: Int) {
        machine.append(event, partition: Int32(partition), offset: offsets[partition], now: now)
        offsets[partition] += 1
    }

    /// Turns until all batches are with the API.
    /// - Returns: bytes of ledgers that were written.
    func cutAll() -> Int {
        var bytes = 0
        while true {
            time += 1_000_000_000
            _ = machine.turn(now: now)
            var isIdle = true
            for action in machine.takeActions() {
                switch action {
                case .commit(let commits, _):
                    bytes += commits.reduce(0) { $0 + $1.metadata.utf8.count }
                    machine.commitFinished(.resolved(refused: [:]), now: now)
                    isIdle = false
                case .call(let call):
                    calls.append(call)
                    isIdle = false
                default: break
                }
            }
            if isIdle { return bytes }
        }
    }

    /// The API has applied everything that it was sent.
    func finishAll() {
        for call in calls { machine.callFinished(call.id, .completed, now: now) }
        calls = []
    }

    func settleAll() -> [Call] {
        _ = cutAll()
        let all = calls
        finishAll()
        return all
    }
}
