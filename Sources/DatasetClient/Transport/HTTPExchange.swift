import AsyncHTTPClient
import FoundationEssentials
import NIOCore
import NIOHTTP1
import NIOSSL

/// One request, one answer, one time limit.
enum HTTPExchange {
    /// Sends the request and reads the answer, both within the time limit.
    ///
    /// By the client's futures, not by its asynchronous functions: those begin several tasks for a request, and their
    /// deadline ends with the answer's head.
    ///
    /// - Parameters:
    ///   - request: sent once.
    ///   - client: whose connections are used.
    ///   - timeout: from here to the answer's last byte.
    ///   - largestAnswer: bytes of the body; a longer one is an error.
    /// - Returns: whatever the server answered, success or not.
    /// - Throws: why there is no whole answer.
    static func perform(
        _ request: OutgoingRequest, over client: HTTPClient, within timeout: Duration, upTo largestAnswer: Int
    ) async throws(DatasetClientError) -> APIAnswer {
        if Task.isCancelled { throw .cancelled }
        do {
            let request = try HTTPClient.Request(
                url: request.url, method: request.method, headers: request.headers, body: request.body)
            let exchange = client.execute(
                request: request, delegate: ResponseAccumulator(request: request, maxBodySize: largestAnswer),
                deadline: .now() + TimeAmount(timeout))
            let response = try await withTaskCancellationHandler {
                try await exchange.get()
            } onCancel: {
                exchange.cancel()
            }
            return APIAnswer(
                status: Int(response.status.code), headers: response.headers,
                body: response.body.map { Data($0.readableBytesView) } ?? Data())
        } catch {
            // Whoever noticed it first, and with whatever error.
            if Task.isCancelled { throw .cancelled }
            throw self.error(error, timeout: timeout, largestAnswer: largestAnswer)
        }
    }

    private static func error(_ error: any Error, timeout: Duration, largestAnswer: Int) -> DatasetClientError {
        switch error {
        case let error as HTTPClientError where error == .deadlineExceeded:
            .transport("no whole answer within \(timeout)")
        case is ResponseAccumulator.ResponseTooBigError:
            .malformedResponse("more than \(largestAnswer) bytes")
        // What is wrong with the server's certificate. Of what BoringSSL found there are only words.
        case let error as NIOSSLExtraError where error == .failedToValidateHostname:
            .untrusted("it is for another name")
        case NIOSSLError.handshakeFailed(let reason) where "\(reason)".contains("CERTIFICATE_VERIFY_FAILED"):
            .untrusted("no known authority has signed it, or its time is over")
        default: .transport(String(describing: error))
        }
    }
}
