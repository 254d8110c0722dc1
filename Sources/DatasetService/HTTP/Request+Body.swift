import FoundationEssentials
import HTTPTypes
import Hummingbird
import LookoutVision
import NIOCore
import NIOHTTP1

extension Request {
    /// Bodies of every operation but the update are a few names.
    static let smallBodyBytes = 64 * 1024

    /// Whether a body is announced, of no more than a few names.
    var hasSmallBody: Bool { announcesBody(upTo: Self.smallBodyBytes) }

    /// Whether a body is announced, of so many bytes at most.
    func announcesBody(upTo limit: Int) -> Bool {
        headers[.contentLength].flatMap { Int($0) }.map { $0 <= limit } ?? false
    }

    /// Reads the whole body and keeps it, so that it can be read again.
    ///
    /// A body that announces more is refused before a byte of it is read, any other as soon as it passes the limit.
    /// - Throws: ``ServiceFault/tooLarge(limit:)``, ``BodyInterrupted``.
    mutating func readBody(upTo limit: Int) async throws -> ByteBuffer {
        // A length that is no number does not get this far; one that is too large for a number is too large.
        if let length = headers[.contentLength], Int(length) ?? .max > limit {
            throw ServiceFault.tooLarge(limit: limit)
        }
        do {
            return try await collectBody(upTo: limit)
        } catch is NIOTooManyBytesError {
            throw ServiceFault.tooLarge(limit: limit)
        } catch {
            throw BodyInterrupted(underlying: error)
        }
    }

    /// Reads and decodes a JSON body of at most `limit` bytes.
    ///
    /// - Throws: as ``readBody(upTo:)``; ``APIException`` naming the member that is missing or wrong.
    func decodeBody<Message: Decodable>(_: Message.Type, limit: Int = smallBodyBytes) async throws -> Message {
        var request = self
        let buffer = try await request.readBody(upTo: limit)
        do {
            return try JSONDecoder().decode(Message.self, from: Data(buffer.readableBytesView))
        } catch let error as DecodingError {
            throw APIException(.validation, error.explanation)
        }
    }
}

/// The client went away, or the service stops, before the body was whole. Never the payload's fault: who still listens
/// is told to send it again.
struct BodyInterrupted: Error {
    var underlying: any Error

    /// What arrived is not HTTP.
    var isMalformed: Bool { !isIncomplete && underlying is HTTPParserError }
    /// The sender ended the connection in the middle, or took too long.
    var isIncomplete: Bool {
        underlying as? HTTPParserError == .invalidEOFState || underlying is ConnectionPace.TooSlow
    }
}

extension DecodingError {
    /// What is wrong with the body, without quoting it.
    fileprivate var explanation: String {
        func path(_ context: Context, _ last: (any CodingKey)? = nil) -> String {
            (context.codingPath + (last.map { [$0] } ?? [])).map(\.stringValue).joined(separator: ".")
        }
        func describe(_ path: String, _ problem: String) -> String {
            path.isEmpty ? "The body \(problem)." : "\(path) \(problem)."
        }
        return switch self {
        case .keyNotFound(let key, let context): describe(path(context, key), "is required")
        case .valueNotFound(_, let context): describe(path(context), "must not be null")
        case .typeMismatch(_, let context): describe(path(context), "is of the wrong type")
        case .dataCorrupted(let context): describe(path(context), "is not valid JSON")
        @unknown default: "The body is not what this operation takes."
        }
    }
}
