import NIOCore
import NIOHTTP1

/// One request as it is sent.
struct OutgoingRequest: Sendable {
    let url: String
    var method = HTTPMethod.GET
    var headers = HTTPHeaders()
    var body: RequestBody?
}

/// What a request carries.
enum RequestBody: Sendable {
    case bytes(ByteBuffer)
    case update(UpdateBody)
}
