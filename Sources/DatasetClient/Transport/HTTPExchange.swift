import AsyncHTTPClient
import FoundationEssentials
import NIOCore
import NIOHTTP1
import NIOSSL

/// One request, one answer, one time limit.
///
/// The HTTP client has two ways, and each fails where the other does well. Its asynchronous functions begin several tasks
/// for a request, which cost a small call more than all the rest of it; its futures begin none. But by those, a body of
/// several writes that is refused before it was sent is paused for good where the refusal has no body. So most requests,
/// which are sent whole before any answer can come, go by ``SingleWriteExchange``, and longer ones by ``StreamedExchange``.
enum HTTPExchange {
    /// Sends the request and reads the answer, both within the time limit.
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
        // All other headers are checked where they come from. The client would refuse them too, and quote them.
        if let header = request.headers.first(where: { !isFieldValue($0.value) }) {
            throw .credentials("the header \(header.name) would hold a character that no header may")
        }
        do {
            let answer =
                if case .update(let body) = request.body, !body.isOneWrite {
                    try await StreamedExchange.perform(
                        request, body, over: client, within: TimeAmount(timeout), upTo: largestAnswer)
                } else {
                    try await SingleWriteExchange.perform(
                        request, over: client, within: TimeAmount(timeout), upTo: largestAnswer)
                }
            // The answer may have come first.
            try Task.checkCancellation()
            return answer
        } catch {
            // Whoever noticed it first, and with whatever error.
            if Task.isCancelled { throw .cancelled }
            throw self.error(error, timeout: timeout, largestAnswer: largestAnswer)
        }
    }

    /// Source: RFC 9110, 5.5.
    private static func isFieldValue(_ value: String) -> Bool {
        var value = value
        return value.withUTF8 { $0.allSatisfy { $0 >= 0x20 && $0 != 0x7f || $0 == 0x09 } }
    }

    /// What the same request meets every time. A body of another length than was promised is not among them: the client
    /// says so too where a refusal came between two blocks.
    private static let lasting: [HTTPClientError] = [.invalidURL, .emptyHost, .emptyScheme]

    private static func error(_ error: any Error, timeout: Duration, largestAnswer: Int) -> DatasetClientError {
        switch error {
        case let error as HTTPClientError where error == .deadlineExceeded:
            .transport("no whole answer within \(timeout)")
        case let error as HTTPClientError where lasting.contains(error): .unsendable(error.shortDescription)
        case is ResponseAccumulator.ResponseTooBigError, is NIOTooManyBytesError:
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
