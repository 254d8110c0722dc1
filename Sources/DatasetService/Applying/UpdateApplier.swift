import Logging
import ServiceLifecycle

/// Applies accepted updates, each in one transaction, until the service stops.
///
/// Datasets do not wait for each other but for the moment of writing: reading a payload and judging its lines runs
/// beside the writer, two at a time, so that memory is bounded and a huge update does not hold up the others' checks.
/// What a stop leaves undone is in the database and is done at the next start.
struct UpdateApplier: Service {
    /// Passed before an update is applied; to slow updates down on purpose.
    typealias Gate = @Sendable (UpdateID) async throws -> Void

    private static let updatesAtOnce = 2
    private static let longestPause = Duration.seconds(30)

    private let store: DatasetStore
    private let metrics: ServiceMetrics
    private let gate: Gate
    private let logger: Logger
    private let slots = Slots(updatesAtOnce)
    private let accepted: AsyncStream<UpdateID>
    private let queue: AsyncStream<UpdateID>.Continuation

    init(store: DatasetStore, metrics: ServiceMetrics, gate: @escaping Gate, logger: Logger) {
        self.store = store
        self.metrics = metrics
        self.gate = gate
        self.logger = logger
        (accepted, queue) = AsyncStream.makeStream()
    }

    /// Hands over an update that has been accepted. After the stop has begun this does nothing: the next start finds it.
    func enqueue(_ id: UpdateID) {
        queue.yield(id)
    }

    /// Finishes what an earlier process accepted, then what comes, until graceful shutdown; then only what is in hand.
    ///
    /// - Throws: `DatabaseError` where the database cannot even be read at the start.
    func run() async throws {
        let leftOver = try await store.pendingUpdates()
        if !leftOver.isEmpty {
            logger.info("Finishing updates accepted before the start", metadata: ["updates": "\(leftOver.count)"])
        }
        await withGracefulShutdownHandler {
            await withDiscardingTaskGroup { group in
                for id in leftOver { group.addTask { await finish(id) } }
                for await id in accepted { group.addTask { await finish(id) } }
            }
        } onGracefulShutdown: {
            queue.finish()
        }
    }

    /// Tries until the update is over or the service stops: it was promised, so an error of the disk only delays it.
    private func finish(_ id: UpdateID) async {
        var pause = Duration.milliseconds(250)
        while !Task.isCancelled, !Task.isShuttingDownGracefully {
            do {
                try await cancelWhenGracefulShutdown { try await gate(id) }
                try await slots.withSlot {
                    guard !Task.isShuttingDownGracefully else { return }
                    try await apply(id)
                }
                return
            } catch is CancellationError {
                return
            } catch {
                logger.error(
                    "Applying an update failed and will be tried again",
                    metadata: ["update": "\(id.rawValue)", "error": "\(error)", "pause": "\(pause)"])
            }
            try? await cancelWhenGracefulShutdown { [pause] in try await Task.sleep(for: pause) }
            pause = min(pause * 2, Self.longestPause)
        }
    }

    private func apply(_ id: UpdateID) async throws {
        guard let update = try await store.pendingUpdate(id) else { return }
        let changes = Result { () throws(ChangesPayload.Rejection) in try ChangesPayload(Array(update.payload)) }
        guard let outcome = try await store.finish(update, with: changes) else { return }
        metrics.ended(outcome, acceptedAt: update.acceptedAt, now: store.now())
        let dataset: Logger.MetadataValue = "\(update.dataset)"
        switch outcome {
        case .applied(let lines):
            logger.debug("Update applied", metadata: ["dataset": dataset, "lines": "\(lines)"])
        case .failed(let message):
            logger.info("Update refused", metadata: ["dataset": dataset, "reason": "\(message)"])
        }
    }
}
