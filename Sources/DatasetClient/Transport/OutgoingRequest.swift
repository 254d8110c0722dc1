import NIOCore
import NIOHTTP1

/// One request as it is sent.
struct OutgoingRequest: Sendable {
    /// With the query, as it travels.
    let target: String
    var method = HTTPMethod.GET
    /// But for those that say where the body ends; without `Host` it is the connection's own.
    var headers = HTTPHeaders()
    var body: RequestBody?

    /// What is sent before the body.
    func head(to authority: String) -> HTTPRequestHead {
        var headers = headers
        if !headers.contains(name: "Host") { headers.add(name: "Host", value: authority) }
        // Source: RFC 9110, 8.6: a method that may have a body says so where it has none.
        if let body {
            headers.add(name: "Content-Length", value: "\(body.byteCount)")
        } else if method != .GET {
            headers.add(name: "Content-Length", value: "0")
        }
        return HTTPRequestHead(version: .http1_1, method: method, uri: target, headers: headers)
    }
}

/// What a request carries.
enum RequestBody: Sendable {
    case bytes(ByteBuffer)
    case update(UpdateBody)

    var byteCount: Int {
        switch self {
        case .bytes(let bytes): bytes.readableBytes
        case .update(let body): body.byteCount
        }
    }
}
