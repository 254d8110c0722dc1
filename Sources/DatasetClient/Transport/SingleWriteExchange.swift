import AsyncHTTPClient
import FoundationEssentials
import NIOCore
import NIOHTTP1

/// A request whose body, if it has one, is one write: by the HTTP client's futures. Their deadline holds to the answer's
/// last byte.
enum SingleWriteExchange {
    static func perform(
        _ request: OutgoingRequest, over client: HTTPClient, within timeout: TimeAmount, upTo largestAnswer: Int
    ) async throws -> APIAnswer {
        let request = try HTTPClient.Request(
            url: request.url, method: request.method, headers: request.headers, body: request.body?.inOneWrite)
        let exchange = client.execute(
            request: request, delegate: ResponseAccumulator(request: request, maxBodySize: largestAnswer),
            deadline: .now() + timeout)
        let response = try await withTaskCancellationHandler {
            try await exchange.get()
        } onCancel: {
            exchange.cancel()
        }
        return APIAnswer(
            status: Int(response.status.code), headers: response.headers,
            body: response.body.map { Data($0.readableBytesView) } ?? Data())
    }
}

extension RequestBody {
    /// Made when there is a connection for it.
    fileprivate var inOneWrite: HTTPClient.Body {
        switch self {
        case .bytes(let bytes): .byteBuffer(bytes)
        case .update(let body):
            .stream(contentLength: Int64(body.byteCount)) { $0.write(.byteBuffer(body.asOneWrite())) }
        }
    }
}
