import Logging
import LookoutVision
import ServiceLifecycle

/// Does what was accepted with 202 until the service stops: applies updates, fills datasets from manifests, removes the
/// entries of deleted ones.
///
/// Datasets do not wait for each other but for the moment of writing: reading a payload and judging its lines runs
/// beside the writer, two at a time, so that memory is bounded and a huge update does not hold up the others' checks.
/// Manifests and deletions are taken one of each at a time, and write in small transactions between which others come
/// in. What a stop leaves undone is in the database and is done at the next start.
struct JobRunner: Service {
    /// Passed before a job is begun; to slow it down on purpose.
    typealias Gate = @Sendable (Job) async throws -> Void

    private static let updatesAtOnce = 2
    private static let longestPause = Duration.seconds(30)

    let store: DatasetStore
    let logger: Logger
    let manifests: ManifestFolder?
    /// For those who wait for the end of the update that they made.
    let updateEnds = UpdateEnds()
    private let metrics: ServiceMetrics
    private let gate: Gate
    private let updates = Slots(updatesAtOnce)
    private let creations = Slots(1)
    private let deletions = Slots(1)
    private let accepted: AsyncStream<Job>
    private let queue: AsyncStream<Job>.Continuation

    init(
        store: DatasetStore, manifests: ManifestFolder? = nil, metrics: ServiceMetrics, gate: @escaping Gate,
        logger: Logger
    ) {
        self.store = store
        self.manifests = manifests
        self.metrics = metrics
        self.gate = gate
        self.logger = logger
        (accepted, queue) = AsyncStream.makeStream()
    }

    /// Hands over a job that has been accepted. After the stop has begun this does nothing: the next start finds it.
    func enqueue(_ job: Job) {
        queue.yield(job)
    }

    /// Finishes what an earlier process accepted, then what comes, until graceful shutdown; then only what is in hand.
    ///
    /// - Throws: `DatabaseError` where the database cannot even be read at the start.
    func run() async throws {
        let leftOver = try await store.pendingJobs()
        if !leftOver.isEmpty {
            logger.info("Finishing what was accepted before the start", metadata: ["jobs": "\(leftOver.count)"])
        }
        defer { updateEnds.close() }
        await withGracefulShutdownHandler {
            await withDiscardingTaskGroup { group in
                for job in leftOver { group.addTask { await finish(job) } }
                for await job in accepted { group.addTask { await finish(job) } }
            }
        } onGracefulShutdown: {
            queue.finish()
        }
    }

    /// Tries until the job is over or the service stops: it was promised, so an error of the disk only delays it.
    private func finish(_ job: Job) async {
        var pause = Duration.milliseconds(250)
        while !Task.isCancelled, !Task.isShuttingDownGracefully {
            do {
                try await cancelWhenGracefulShutdown { try await gate(job) }
                try await slots(for: job).withSlot {
                    guard !Task.isShuttingDownGracefully else { return }
                    try await perform(job)
                }
                return
            } catch  where error is CancellationError || Task.isCancelled {
                // A stop also interrupts the database; what it was doing is rolled back.
                return
            } catch {
                logger.error(
                    "What was accepted failed and will be tried again",
                    metadata: ["job": "\(job)", "error": "\(error)", "pause": "\(pause)"])
            }
            try? await cancelWhenGracefulShutdown { [pause] in try await Task.sleep(for: pause) }
            pause = min(pause * 2, Self.longestPause)
        }
    }

    private func slots(for job: Job) -> Slots {
        switch job {
        case .update: updates
        case .creation: creations
        case .deletion: deletions
        }
    }

    private func perform(_ job: Job) async throws {
        switch job {
        case .update(let id): updateEnds.tell(try await apply(id), of: id)
        case .creation(let id): try await create(id)
        case .deletion(let id):
            while try await !store.continueDeletion(of: id) { try Self.checkStop() }
        }
    }

    /// - Returns: how it ended; nil where it was over already.
    private func apply(_ id: UpdateID) async throws -> DatasetStatus? {
        guard let update = try await store.pendingUpdate(id) else { return nil }
        let changes = Result { () throws(ChangesPayload.Rejection) in try ChangesPayload(Array(update.payload)) }
        guard let outcome = try await store.finish(update, with: changes) else { return nil }
        metrics.ended(outcome, acceptedAt: update.acceptedAt, now: store.now())
        let dataset: Logger.MetadataValue = "\(update.dataset)"
        switch outcome {
        case .applied(let lines):
            logger.debug("Update applied", metadata: ["dataset": dataset, "lines": "\(lines)"])
            return .updateComplete
        case .failed(let message):
            logger.info("Update refused", metadata: ["dataset": dataset, "reason": "\(message)"])
            return .updateFailedRollbackComplete
        }
    }

    /// Between two transactions of one job.
    static func checkStop() throws {
        guard !Task.isCancelled, !Task.isShuttingDownGracefully else { throw CancellationError() }
    }
}
