internal import ServiceLifecycle
internal import Settlement
internal import Telemetry
internal import Worker

/// The worker's state as one line at the bottom of a terminal.
struct WorkerProgress: Service {
    let worker: Worker

    func run() async throws {
        // An error thrown here, were it only the cancellation, would end the group as a failure and cut short the
        // worker's own stop.
        try? await cancelWhenGracefulShutdown {
            while true {
                try await Task.sleep(for: .milliseconds(250))
                Console.shared.progress(line)
            }
        }
    }

    private var line: String {
        let status = worker.summary
        let waiting = status.waiting.sorted { $0.key.rawValue < $1.key.rawValue }.map {
            "\($0.value) \($0.key.rawValue)"
        }
        return [
            "\(status.counters.eventsSettled) settled", "\(status.counters.deadLetters) dead letters",
            "\(status.inFlight) in flight",
            waiting.isEmpty ? "none waiting" : "waiting: " + waiting.joined(separator: ", "),
            "\(status.partitions.count) partitions", "\(status.heldBytes >> 20) MiB held",
        ].joined(separator: " · ")
    }
}
