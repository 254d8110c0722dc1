import NIOCore

/// Cuts a stream into HTTP/1.1 messages, of either direction, without changing a byte of them.
///
/// Only messages of a stated length: neither client nor service under test uses another kind.
struct HTTPFrames: ByteToMessageDecoder {
    typealias InboundOut = ByteBuffer

    struct UnknownLength: Error {}

    /// Bytes of the message that is coming in, as soon as its head is there.
    private var wanted: Int?

    mutating func decode(context: ChannelHandlerContext, buffer: inout ByteBuffer) throws -> DecodingState {
        if wanted == nil { wanted = try Self.length(of: buffer.readableBytesView) }
        guard let wanted, let message = buffer.readSlice(length: wanted) else { return .needMoreData }
        self.wanted = nil
        context.fireChannelRead(wrapInboundOut(message))
        return .continue
    }

    mutating func decodeLast(
        context: ChannelHandlerContext, buffer: inout ByteBuffer, seenEOF: Bool
    ) throws -> DecodingState {
        // A message that was cut off is nobody's business any more.
        buffer.clear()
        return .needMoreData
    }

    /// nil while the head is not whole.
    private static func length(of bytes: ByteBufferView) throws -> Int? {
        guard let end = bytes.firstRange(of: Array("\r\n\r\n".utf8)) else { return nil }
        var length = 0
        for line in String(decoding: bytes[..<end.lowerBound], as: UTF8.self).lowercased().split(separator: "\r\n") {
            guard !line.hasPrefix("transfer-encoding:") else { throw UnknownLength() }
            guard line.hasPrefix("content-length:") else { continue }
            length = Int(line.dropFirst("content-length:".count).filter { $0 != " " }) ?? 0
        }
        return bytes.distance(from: bytes.startIndex, to: end.upperBound) + length
    }
}
