import AsyncHTTPClient
import NIOHTTP1

/// One request as it is sent.
struct OutgoingRequest: Sendable {
    let url: String
    var method = HTTPMethod.GET
    var headers = HTTPHeaders()
    var body: HTTPClient.Body?
}
