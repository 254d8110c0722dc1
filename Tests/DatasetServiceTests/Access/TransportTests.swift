import Foundation
import LookoutVision
import NIOCore
import RawHTTP
import Testing

@testable import DatasetService

/// Clients that are slow, greedy or gone.
@Suite("Transport", .timeLimit(.minutes(5)))
struct TransportTests {
    private static let list = Array("GET /2020-11-20/projects HTTP/1.1\r\nHost: localhost\r\n\r\n".utf8)

    private static func update(announcing length: String, _ body: String = "") -> [UInt8] {
        let path = Operation.updateDatasetEntries.path(project: "p", datasetType: "train")
        return Array("PATCH \(path) HTTP/1.1\r\nHost: localhost\r\nContent-Length: \(length)\r\n\r\n\(body)".utf8)
    }

    private func serve(
        _ database: TemporaryDatabase = TemporaryDatabase(), _ limit: @escaping (inout ConnectionLimits) -> Void,
        _ body: (ServiceUnderTest) async throws -> Void
    ) async throws {
        try await ServiceUnderTest.run(database: database, configure: { limit(&$0.connectionLimits) }, body)
    }

    /// A database with a dataset of these lines, written within the limits that hold by default: the narrow ones of a test
    /// are for the one connection that it is about.
    private func database(_ lines: [String]) async throws -> TemporaryDatabase {
        let database = TemporaryDatabase()
        try await ServiceUnderTest.run(database: database) { service in
            try await service.createDataset("p")
            _ = try await service.update("p", payload: Data(lines.joined(separator: "\n").utf8))
            #expect(try await service.untilTerminal("p").imageStats?.total == lines.count)
        }
        return database
    }

    private func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }

    @Test("A head that does not come is not waited for")
    func slowHead() async throws {
        try await serve {
            $0.firstHead = .milliseconds(100)
        } _: { service in
            for beginning in ["", "GET /2020-11-20/projects HTTP/1.1\r\nHost: "] {
                let answer = try await RawConnection.onThread {
                    let connection = try RawConnection(port: service.port)
                    try connection.send(Array(beginning.utf8))
                    return try connection.read()
                }
                #expect(answer.isEmpty)
            }
        }
    }

    @Test("A body that does not come is refused as late, not as wrong")
    func slowBody() async throws {
        try await serve(database([line("1")])) {
            $0.grace = .seconds(1)
        } _: { service in
            let answer = try await RawConnection.onThread {
                let connection = try RawConnection(port: service.port)
                try connection.send(Self.update(announcing: "1000", "{"))
                return try connection.read()
            }
            #expect(statuses(in: answer) == [408])
            #expect(text(answer).contains("RequestTimeoutException"))
            #expect(text(answer).lowercased().contains("connection: close"))
        }
    }

    @Test("A connection without requests is closed after a while")
    func idle() async throws {
        try await serve {
            $0.idle = .milliseconds(100)
        } _: { service in
            let answer = try await RawConnection.onThread {
                let connection = try RawConnection(port: service.port)
                try connection.send(Self.list)
                return try connection.read()
            }
            #expect(statuses(in: answer) == [200])
        }
    }

    @Test("Requests that are sent ahead are answered in their order, on one connection")
    func pipelining() async throws {
        try await serve {
            $0.idle = .milliseconds(500)
        } _: { service in
            let unknown = Array("GET /unknown HTTP/1.1\r\nHost: localhost\r\n\r\n".utf8)
            let answer = try await RawConnection.onThread {
                let connection = try RawConnection(port: service.port)
                try connection.send(Self.list + unknown + Self.list)
                return try connection.read { statuses(in: $0).count == 3 }
            }
            #expect(statuses(in: answer) == [200, 404, 200])
        }
    }

    @Test("Who does not take the answers loses the connection, and then another has its place")
    func slowReader() async throws {
        let lines = (0..<100).map { #"{"source-ref":"s3://b/\#($0)","x":"\#(String(repeating: "x", count: 8000))"}"# }
        try await serve(database(lines)) {
            $0.connections = 1
            $0.grace = .seconds(2)
            $0.leastBytesPerSecond = 1 << 30
        } _: { service in
            let path = Operation.listDatasetEntries.path(project: "p", datasetType: "train")
            let ask = Array("GET \(path) HTTP/1.1\r\nHost: localhost\r\n\r\n".utf8)
            let next = try await RawConnection.onThread {
                // Far more than the system's buffers hold.
                let greedy = try RawConnection(port: service.port)
                try greedy.send(Array(repeatElement(ask, count: 60).joined()))
                // Answered only when the first connection has been closed.
                let patient = try RawConnection(port: service.port)
                try patient.send(Self.list)
                let next = try patient.read { !statuses(in: $0).isEmpty }
                // Until here the first one has to live, and not be closed from this side.
                return withExtendedLifetime(greedy) { next }
            }
            #expect(statuses(in: next) == [200])
        }
    }

    @Test("A body that announces too much is answered at once, and what comes of it is thrown away")
    func tooLarge() async throws {
        try await serve {
            $0.linger = .milliseconds(200)
        } _: { service in
            for length in ["99999999999", "99999999999999999999999999"] {
                let answer = try await RawConnection.onThread {
                    let connection = try RawConnection(port: service.port)
                    try connection.send(Self.update(announcing: length, String(repeating: "x", count: 3_000_000)))
                    return try connection.read()
                }
                #expect(statuses(in: answer) == [400], "\(length)")
                #expect(text(answer).lowercased().contains("connection: close"))
            }
        }
    }

    @Test("A body in chunks is cut where it passes the limit")
    func chunks() async throws {
        try await serve {
            $0.linger = .milliseconds(200)
        } _: { service in
            let head =
                "POST /2020-11-20/projects HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"
            let chunk = Array("8000\r\n\(String(repeating: "x", count: 0x8000))\r\n".utf8)
            let answer = try await RawConnection.onThread {
                let connection = try RawConnection(port: service.port)
                try connection.send(Array(head.utf8))
                // It never says that it has ended.
                for _ in 0..<3 { try connection.send(chunk) }
                return try connection.read()
            }
            #expect(statuses(in: answer) == [400])
            #expect(text(answer).contains("65536 bytes"))
        }
    }

    @Test("Bodies have one memory together", .timeLimit(.minutes(5)))
    func budget() async throws {
        try await serve {
            $0.bodyBytes = 100_000
        } _: { service in
            try await service.createDataset("p")
            let throttled = try await RawConnection.onThread {
                // Once more where the second is read before the first.
                while true {
                    let first = try RawConnection(port: service.port)
                    try first.send(Self.update(announcing: "90000", "{"))
                    let second = try RawConnection(port: service.port)
                    try second.send(Self.update(announcing: "20000", String(repeating: " ", count: 20000)))
                    let answer = try second.read { !statuses(in: $0).isEmpty }
                    if statuses(in: answer) == [429] { return answer }
                }
            }
            #expect(text(throttled).contains("ThrottlingException") && text(throttled).contains("Retry-After: 1"))
            // The first one is gone, and its share with it.
            while try await service.update("p", payload: Data(repeating: 0x20, count: 20_000)).status == 429 {}
        }
    }
}
