import Logging
import ServiceLifecycle

/// Removes client tokens whose life is over, every now and then, until the service stops.
struct TokenSweeper: Service {
    let store: DatasetStore
    let interval: Duration
    let logger: Logger

    func run() async {
        while !Task.isCancelled, !Task.isShuttingDownGracefully {
            do {
                while try await store.sweepTokens() { try JobRunner.checkStop() }
            } catch is CancellationError {
                return
            } catch {
                // Nobody waits for it: a token that is too old counts for nothing, swept or not.
                logger.warning("Sweeping old tokens failed", metadata: ["error": "\(error)"])
            }
            try? await cancelWhenGracefulShutdown { try await Task.sleep(for: interval) }
        }
    }
}
