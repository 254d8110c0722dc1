import AsyncHTTPClient
import FoundationEssentials
import NIOCore
import NIOHTTP1

/// An update that is too long for one write, sent in blocks as the connection takes them: by the HTTP client's asynchronous
/// functions, which hear a refusal that comes before the body's end, whatever it looks like.
enum StreamedExchange {
    static func perform(
        _ request: OutgoingRequest, _ body: UpdateBody, over client: HTTPClient, within timeout: TimeAmount,
        upTo largestAnswer: Int
    ) async throws -> APIAnswer {
        let exchange = Task { try await send(request, body, over: client, upTo: largestAnswer) }
        // The client's own deadline ends with the answer's head, and would wait for ever on a body that stops coming. Not a
        // task that sleeps: those that are cancelled are kept until they would have woken up.
        let timer = client.eventLoopGroup.any().scheduleTask(in: timeout) { exchange.cancel() }
        defer { timer.cancel() }
        do {
            return try await withTaskCancellationHandler {
                try await exchange.value
            } onCancel: {
                exchange.cancel()
            }
        } catch  where exchange.isCancelled && !Task.isCancelled {
            throw HTTPClientError.deadlineExceeded
        }
    }

    private static func send(
        _ request: OutgoingRequest, _ body: UpdateBody, over client: HTTPClient, upTo largestAnswer: Int
    ) async throws -> APIAnswer {
        var streamed = HTTPClientRequest(url: request.url)
        streamed.method = request.method
        streamed.headers = request.headers
        streamed.body = .stream(body.stream, length: .known(Int64(body.byteCount)))
        let response = try await client.execute(streamed, deadline: .distantFuture)
        let answer = try await response.body.collect(upTo: largestAnswer)
        // A cancelled body can end early without an error.
        try Task.checkCancellation()
        return APIAnswer(
            status: Int(response.status.code), headers: response.headers, body: Data(answer.readableBytesView))
    }
}
