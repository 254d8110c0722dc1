import NIOCore
import NIOPosix
import NIOSSL
import Synchronization

/// A few event loops, each with connections of its own and an executor for the tasks that use them: what is begun on a
/// loop stays there, and no loop waits for another's connection.
final class ConnectionLines: Sendable {
    private struct Line {
        let executor: EventLoopExecutor
        let pool: ConnectionPool
    }

    private let lines: [Line]
    private let turn = Atomic(0)

    /// Of all clients, and kept as long as the process: so many on any machine. One would be busy all of the time while a
    /// worker drains many small datasets; each further one is awake more often, for less work each time. Were there one for
    /// each of two processors, one of these would be idle whenever the system has put both threads on the other.
    static let loops = MultiThreadedEventLoopGroup(numberOfThreads: 3)

    /// - Parameters:
    ///   - endpoint: where all connections lead.
    ///   - authorities: who is believed about its certificate; nil for whom the system believes.
    ///   - connectTimeout: until a connection, with TLS where that is spoken, is there.
    ///   - group: whose loops are used, of each the connections of one line.
    init(
        endpoint: Endpoint, authorities: TrustedAuthorities?, connectTimeout: Duration,
        group: any EventLoopGroup = ConnectionLines.loops
    ) {
        let tls = endpoint.tls(trusting: authorities)
        lines = group.makeIterator().map { eventLoop in
            Line(
                executor: EventLoopExecutor(eventLoop),
                pool: ConnectionPool(endpoint: endpoint, tls: tls, connectTimeout: connectTimeout, on: eventLoop))
        }
    }

    /// Another one each time, in turn.
    var executor: EventLoopExecutor { next.executor }

    /// The connections of the loop that the caller runs on; for one who runs on none of them, another one's each time.
    var pool: ConnectionPool {
        (lines.first { $0.executor.eventLoop.inEventLoop } ?? next).pool
    }

    /// Ends calls in flight with an error, and closes the connections.
    func shutdown() async {
        await withDiscardingTaskGroup { group in
            for line in lines { group.addTask { await line.pool.shutdown() } }
        }
    }

    private var next: Line { lines[turn.add(1, ordering: .relaxed).oldValue % lines.count] }
}
