import Dispatch
import Synchronization

/// Runs an actor's jobs, one after the other, on a thread of its own, so that they may block.
final class ThreadExecutor: SerialExecutor {
    private let jobs: Jobs

    init(name: String) throws(KafkaError) {
        let jobs = Jobs()
        self.jobs = jobs
        try DedicatedThread.start(name) { jobs.serve() }
    }

    deinit {
        jobs.stop()
    }

    func enqueue(_ job: consuming ExecutorJob) {
        // The job keeps the executor alive until it has run, since its actor does not have to.
        jobs.add(UnownedJob(job), on: self)
    }

    /// What the thread has to do; outlives the executor until the thread has seen the end.
    private final class Jobs: Sendable {
        private let list = Mutex<[(job: UnownedJob, executor: ThreadExecutor)?]>([])
        private let count = DispatchSemaphore(value: 0)

        func add(_ job: UnownedJob, on executor: ThreadExecutor) {
            list.withLock { $0.append((job, executor)) }
            count.signal()
        }

        func stop() {
            list.withLock { $0.append(nil) }
            count.signal()
        }

        func serve() {
            while true {
                count.wait()
                guard let next = list.withLock({ $0.removeFirst() }) else { return }
                next.job.runSynchronously(on: next.executor.asUnownedSerialExecutor())
            }
        }
    }
}
