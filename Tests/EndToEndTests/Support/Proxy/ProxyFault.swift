import NIOCore

/// What can befall one request on its way to the service and back.
enum ProxyFault: String, CaseIterable {
    /// The connection breaks before anything reached the service.
    case cutBefore = "cut before the request"
    /// The connection breaks in the middle of the request.
    case cutInside = "cut inside the request"
    /// The service gets it, and both connections break.
    case cutAfter = "cut after the request"
    /// The service answers, and nobody hears it.
    case loseAnswer = "answer lost"
    /// The answer breaks off in the middle.
    case truncateAnswer = "answer truncated"
    /// Instead of the service's answer there comes a gateway's.
    case replaceAnswer = "answer replaced by 502"
    /// The request is turned away before it reached the service.
    case refuse = "refused with 503"
    case delayRequest = "request delayed"
    case holdAnswer = "answer held"
    /// The same bytes arrive a second time, on another connection, at the same time.
    case duplicate = "request duplicated"
    /// The same bytes arrive a second time, seconds later, when much else may have happened.
    case duplicateLate = "request duplicated late"
}

/// What a proxy does with the requests that come to it.
enum ProxyMode {
    case honest
    /// So many of a hundred requests meet a fault.
    case faulty(percent: Int)
    /// Every request is turned away with this status and this exception.
    case refusing(status: Int, exception: String)
    /// Requests with this text in their first line are never answered, and never reach the service.
    case swallowing(String)
}

extension ByteBuffer {
    /// An answer of the proxy's own making.
    static func answer(status: Int, exception: String?) -> ByteBuffer {
        let body = exception.map { #"{"__type":"\#($0)","Message":"said by the proxy"}"# } ?? "<html>Bad Gateway</html>"
        return ByteBuffer(
            string: "HTTP/1.1 \(status) Fault\r\ncontent-type: application/json\r\n"
                + (exception.map { "x-amzn-ErrorType: \($0)\r\n" } ?? "")
                + "content-length: \(body.utf8.count)\r\n\r\n" + body)
    }

    /// The first half of a message.
    var half: ByteBuffer { getSlice(at: readerIndex, length: readableBytes / 2) ?? self }

    /// Method and path.
    var firstLine: String {
        String(decoding: readableBytesView.prefix { $0 != UInt8(ascii: "\r") }, as: UTF8.self)
    }
}
