import Crypto
import FoundationEssentials
import LookoutVision
import NIOCore
import NIOHTTP1
import SigV4

/// One request to the API, before it knows endpoint, signature and time.
struct APICall: Sendable {
    let operation: LookoutVision.Operation
    let path: String
    var query: [(name: String, value: String)] = []
    var clientToken: String?
    /// Seconds that the service may take to answer with the end of what it is asked for.
    var preferredWait: Int?
    var body: RequestBody?
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
            body = .bytes(ByteBuffer(bytes: try JSONEncoder().encode(request)))
        } catch {
            throw .exception(APIException(.validation, "the request cannot be written as JSON"))
        }
    }
}

extension RequestBody? {
    /// In lower-case hexadecimal: what a request's signature covers.
    var sha256: String {
        switch self {
        case nil: Self.sha256OfNothing
        case .bytes(let bytes): SHA256.hash(data: Array(bytes.readableBytesView)).withUnsafeBytes(Hexadecimal.encode)
        case .update(let body): body.digest.withUnsafeBytes(Hexadecimal.encode)
        }
    }

    private static let sha256OfNothing = SHA256.hash(data: [UInt8]()).withUnsafeBytes(Hexadecimal.encode)
}

/// A success, read whole.
struct APIAnswer: Sendable {
    let status: Int
    let headers: HTTPHeaders
    let body: Data
}
