import NIOCore

/// Runs tasks on an event loop, between its other work: what they await from its connections changes no thread.
///
/// A task that computes for long keeps the connections waiting, and a task that blocks keeps them for ever.
final class EventLoopExecutor: TaskExecutor {
    let eventLoop: any EventLoop

    init(_ eventLoop: any EventLoop) {
        self.eventLoop = eventLoop
    }

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        eventLoop.execute { job.runSynchronously(on: self.asUnownedTaskExecutor()) }
    }
}
