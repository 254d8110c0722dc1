import Crypto
import FoundationEssentials
import LookoutVision
import NIOCore
import NIOHTTP1
import SigV4

/// One request to the API, before it knows endpoint, signature and time.
struct APICall: Sendable {
    /// Of no bytes.
    static let emptySHA256 = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

    let operation: LookoutVision.Operation
    let path: String
    var query: [(name: String, value: String)] = []
    var clientToken: String?
    var body: ByteBuffer?
    var bodySHA256 = APICall.emptySHA256
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
            let encoded = try JSONEncoder().encode(request)
            body = ByteBuffer(bytes: encoded)
            bodySHA256 = Hexadecimal.encode(SHA256.hash(data: encoded))
        } catch {
            throw .exception(APIException(.validation, "the request cannot be written as JSON"))
        }
    }
}

/// A success, read whole.
struct APIAnswer: Sendable {
    let status: Int
    let headers: HTTPHeaders
    let body: Data
}
