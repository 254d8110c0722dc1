import AsyncHTTPClient
import NIOCore
import Synchronization

/// A few event loops, each with connections of its own and an executor for the tasks that use them: what is begun on a
/// loop stays there, and no loop waits for another's connection.
final class ConnectionLines: Sendable {
    private struct Line {
        let executor: EventLoopExecutor
        let http: HTTPClient
    }

    private let lines: [Line]
    private let turn = Atomic(0)

    /// One would be busy all of the time while a worker drains many small datasets; each further one is awake more often,
    /// for less work each time.
    private static let most = 3

    /// - Parameters:
    ///   - connections: soft limit of all lines together, one at least: each line opens its share, and a line that is asked
    ///     for more than it has keeps those waiting whatever the others have.
    ///   - configuration: of all but the number of connections.
    ///   - group: whose loops are used, of each the connections of one line: where it has few, there are fewer lines.
    init(
        connections: Int, configuration: HTTPClient.Configuration,
        group: any EventLoopGroup = HTTPClient.defaultEventLoopGroup
    ) {
        let connections = max(1, connections)
        let eventLoops = Array(group.makeIterator().prefix(min(Self.most, connections)))
        lines = eventLoops.enumerated().map { number, eventLoop in
            var configuration = configuration
            configuration.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit =
                (connections + number) / eventLoops.count
            return Line(
                executor: EventLoopExecutor(eventLoop),
                http: HTTPClient(eventLoopGroupProvider: .shared(eventLoop), configuration: configuration))
        }
    }

    /// Another one each time, in turn.
    var executor: EventLoopExecutor { next.executor }

    /// The client of the loop that the caller runs on; for one who runs on none of them, another one each time.
    var http: HTTPClient {
        (lines.first { $0.executor.eventLoop.inEventLoop } ?? next).http
    }

    /// Ends calls in flight with an error, and closes the connections.
    func shutdown() async {
        for line in lines {
            // The only error is that it was shut down before.
            try? await line.http.shutdown()
        }
    }

    private var next: Line { lines[turn.add(1, ordering: .relaxed).oldValue % lines.count] }
}
