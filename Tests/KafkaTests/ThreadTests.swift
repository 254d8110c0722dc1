import Dispatch
import Synchronization
import Testing

@testable import Kafka

#if canImport(Glibc)
    import Glibc

    struct ThreadTests {
        /// As `chrt` shows it: 3 is SCHED_BATCH, whose threads take the processor from nobody when they are woken.
        @Test(arguments: [(false, SCHED_OTHER), (true, 3)])
        func aThreadWaitsWhenWokenOnlyIfItIsTold(waits: Bool, policy: Int32) throws {
            let found = Mutex<Int32?>(nil)
            let end = DispatchSemaphore(value: 0)
            try DedicatedThread.start("test", waitsWhenWoken: waits) {
                found.withLock { $0 = sched_getscheduler(0) }
                end.signal()
            }
            end.wait()
            #expect(found.withLock { $0 } == policy)
        }
    }
#endif
