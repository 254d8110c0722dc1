import AsyncHTTPClient
import Crypto
import FoundationEssentials
import LookoutVision
import NIOCore
import NIOHTTP1
import SigV4

/// One request to the API, before it knows endpoint, signature and time.
struct APICall: Sendable {
    enum Body: Sendable {
        case none
        case json(ByteBuffer)
        case update(UpdateBody)
    }

    let operation: LookoutVision.Operation
    let path: String
    var query: [(name: String, value: String)] = []
    var clientToken: String?
    var body = Body.none
    /// Seconds since 1970 from which on it is not sent any more.
    var notAfter: Int?

    /// As it travels and is signed.
    var encodedQuery: String {
        query.map { "\(PercentEncoding.encodeSegment($0.name))=\(PercentEncoding.encodeSegment($0.value))" }
            .joined(separator: "&")
    }

    /// Encodes a small request as the body.
    mutating func setBody(_ request: some Encodable) throws(DatasetClientError) {
        do {
            body = .json(ByteBuffer(bytes: try JSONEncoder().encode(request)))
        } catch {
            throw .exception(APIException(.validation, "the request cannot be written as JSON"))
        }
    }
}

extension APICall.Body {
    /// In lower-case hexadecimal: what a request's signature covers.
    var sha256: String {
        switch self {
        case .none: Self.sha256OfNothing
        case .json(let bytes): Hexadecimal.encode(SHA256.hash(data: Array(bytes.readableBytesView)))
        case .update(let body): body.sha256
        }
    }

    private static let sha256OfNothing = Hexadecimal.encode(SHA256.hash(data: [UInt8]()))

    var forHTTP: HTTPClient.Body? {
        switch self {
        case .none: nil
        case .json(let bytes): .byteBuffer(bytes)
        case .update(let body): body.forHTTP
        }
    }
}

/// A success, read whole.
struct APIAnswer: Sendable {
    let status: Int
    let headers: HTTPHeaders
    let body: Data
}
