import CRDKafka
import Dispatch

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// A detached thread of our own: blocking calls of librdkafka must never sit on Swift's pool.
package enum DedicatedThread {
    /// Runs `body` on a new thread named `name` (at most 15 characters are shown by the system).
    ///
    /// - Parameters:
    ///   - name: for debuggers and `top`.
    ///   - waitsWhenWoken: it is not to take the processor from whoever wakes it, who goes on working.
    ///   - body: its life.
    /// - Throws: where the system gives no thread.
    package static func start(
        _ name: String, waitsWhenWoken: Bool = false, _ body: @escaping @Sendable () -> Void
    ) throws(KafkaError) {
        let box = Unmanaged.passRetained(Body(name: name, waitsWhenWoken: waitsWhenWoken, run: body))
        #if canImport(Darwin)
            var thread: pthread_t?
        #else
            var thread = pthread_t()
        #endif
        let status = pthread_create(&thread, nil, Self.main, box.toOpaque())
        guard status == 0 else {
            box.release()
            throw KafkaError(
                RD_KAFKA_RESP_ERR__CRIT_SYS_RESOURCE, "start thread \(name)", message: "pthread_create: \(status)")
        }
        #if canImport(Darwin)
            if let thread { pthread_detach(thread) }
        #else
            pthread_detach(thread)
        #endif
    }

    private final class Body: Sendable {
        let name: String
        let waitsWhenWoken: Bool
        let run: @Sendable () -> Void

        init(name: String, waitsWhenWoken: Bool, run: @escaping @Sendable () -> Void) {
            self.name = name
            self.waitsWhenWoken = waitsWhenWoken
            self.run = run
        }
    }

    #if canImport(Darwin)
        private static let main: @convention(c) (UnsafeMutableRawPointer) -> UnsafeMutableRawPointer? = { enter($0) }
    #else
        private static let main: @convention(c) (UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? = { enter($0) }
    #endif

    private static func enter(_ argument: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
        guard let argument else { return nil }
        let body = Unmanaged<Body>.fromOpaque(argument).takeRetainedValue()
        linefeed_name_thread(String(body.name.prefix(15)))
        if body.waitsWhenWoken { linefeed_wait_when_woken() }
        body.run()
        return nil
    }
}

/// Opened once; a thread may wait for that, but not for ever. Not for Swift's pool.
struct Latch: Sendable {
    private let semaphore = DispatchSemaphore(value: 0)

    func open() { semaphore.signal() }

    /// Whether it opened within `duration`. One waiter only.
    func wait(for duration: Duration) -> Bool {
        let nanoseconds = Int(clamping: max(duration, .zero).nanoseconds)
        return semaphore.wait(timeout: .now() + .nanoseconds(nanoseconds)) == .success
    }
}

extension Duration {
    /// Whole nanoseconds, clamped to what 64 bits hold.
    var nanoseconds: Int64 {
        let (seconds, attoseconds) = components
        let (product, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
        return overflow ? (seconds < 0 ? .min : .max) : product.addingReportingOverflow(attoseconds / 1_000_000_000).0
    }

    /// Milliseconds for a C time-out: rounded up so that a short wait does not become a busy loop, and bounded.
    var timeoutMilliseconds: Int32 {
        guard self > .zero else { return 0 }
        let bounded = min(nanoseconds, 86_400_000_000_000)
        return Int32(clamping: bounded / 1_000_000 + (bounded % 1_000_000 == 0 ? 0 : 1))
    }
}
