import AsyncHTTPClient
import FoundationEssentials
import NIOCore
import NIOHTTP1
import NIOSSL
import Synchronization

/// One request, one answer, one time limit.
enum HTTPExchange {
    /// Sends the request and reads the answer, both within the time limit: the client's own deadline ends with the
    /// answer's head, and would wait for ever on a body that stops coming.
    ///
    /// - Parameters:
    ///   - request: sent once.
    ///   - client: whose connections are used.
    ///   - timeout: from here to the answer's last byte.
    ///   - largestAnswer: bytes of the body; a longer one is an error.
    /// - Returns: whatever the server answered, success or not.
    /// - Throws: why there is no whole answer.
    static func perform(
        _ request: HTTPClientRequest, over client: HTTPClient, within timeout: Duration, upTo largestAnswer: Int
    ) async throws(DatasetClientError) -> APIAnswer {
        let isOver = Expiry()
        let exchange = Task { await send(request, over: client, upTo: largestAnswer) }
        // Not a task that sleeps: those that are cancelled are kept until they would have woken up, and at a thousand calls
        // a second that is a hundred megabytes.
        let timer = client.eventLoopGroup.any().scheduleTask(in: TimeAmount(timeout)) {
            isOver.flag.store(true, ordering: .relaxed)
            exchange.cancel()
        }
        let result = await withTaskCancellationHandler {
            await exchange.value
        } onCancel: {
            exchange.cancel()
        }
        timer.cancel()
        guard case .failure(let error) = result else { return try result.get() }
        // Whichever of them noticed it first, and with whatever error.
        if Task.isCancelled { throw .cancelled }
        throw isOver.flag.load(ordering: .relaxed) ? .transport("no whole answer within \(timeout)") : error
    }

    private final class Expiry: Sendable {
        let flag = Atomic(false)
    }

    private static func send(
        _ request: HTTPClientRequest, over client: HTTPClient, upTo largestAnswer: Int
    ) async -> Result<APIAnswer, DatasetClientError> {
        do {
            let response = try await client.execute(request, deadline: .distantFuture)
            let body = try await response.body.collect(upTo: largestAnswer)
            // A cancelled body can end early without an error.
            try Task.checkCancellation()
            return .success(
                APIAnswer(
                    status: Int(response.status.code), headers: response.headers, body: Data(body.readableBytesView)))
        } catch is CancellationError {
            return .failure(.cancelled)
        } catch is NIOTooManyBytesError {
            return .failure(.malformedResponse("more than \(largestAnswer) bytes"))
        } catch {
            return .failure(untrusted(error) ?? .transport(String(describing: error)))
        }
    }

    /// What is wrong with the server's certificate, if that is why there is no connection. Of what BoringSSL found there
    /// are only words.
    private static func untrusted(_ error: any Error) -> DatasetClientError? {
        switch error {
        case let error as NIOSSLExtraError where error == .failedToValidateHostname:
            .untrusted("it is for another name")
        case NIOSSLError.handshakeFailed(let reason) where "\(reason)".contains("CERTIFICATE_VERIFY_FAILED"):
            .untrusted("no known authority has signed it, or its time is over")
        default: nil
        }
    }
}
