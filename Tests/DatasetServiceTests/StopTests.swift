import AsyncHTTPClient
import LookoutVision
import NIOCore
import NIOHTTP1
import Synchronization
import Testing

@testable import DatasetService

@Suite("Stopping")
struct StopTests {
    @Test("A client that stalls inside its body does not hold up the stop", .timeLimit(.minutes(5)))
    func stalledUpload() async throws {
        let (stalled, end) = AsyncStream<Never>.makeStream()
        let (started, start) = AsyncStream<Int>.makeStream()
        let call = try await ServiceUnderTest.run(drainLimit: .zero) { service in
            try await service.createDataset("p")
            let path = Operation.updateDatasetEntries.path(project: "p", datasetType: "train")
            var request = HTTPClientRequest(url: "http://127.0.0.1:\(service.port)\(path)")
            request.method = .PATCH
            // The second chunk is asked for when the head and the first are on their way; it never comes.
            let chunks = Mutex(0)
            let body = AsyncStream<ByteBuffer> {
                let isFirst = chunks.withLock { count in
                    count += 1
                    return count == 1
                }
                if isFirst { return ByteBuffer(string: "{") }
                start.finish()
                for await _ in stalled {}
                return nil
            }
            request.body = .stream(body, length: .known(Int64(1_000)))
            let call = Task { [request] in try await HTTPClient.shared.execute(request, timeout: .seconds(60)) }
            for await _ in started {}
            // Answered after the stalled request reached the server.
            _ = try await service.describe("p")
            return call
        }
        // The stop is over although the body never ended; the call either failed or was told to come again.
        end.finish()
        let status = try? await call.value.status.code
        #expect(status == nil || status == 500)
    }

    @Test("Updates that wait when the service stops stay accepted", .timeLimit(.minutes(5)))
    func waitingUpdates() async throws {
        let database = TemporaryDatabase()
        try await ServiceUnderTest.run(database: database, gate: Gate(isOpen: false)) { service in
            for number in 0..<20 {
                try await service.createDataset("p-\(number)")
                #expect(try await service.update("p-\(number)", line("1")).status == 202)
            }
        }
        let store = try DatasetStore(path: database.path)
        defer { try? store.close() }
        #expect(try await store.pendingJobs().count == 20)
        #expect(try await store.history().isEmpty)
    }
}
