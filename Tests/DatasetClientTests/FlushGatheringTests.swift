import NIOCore
import NIOEmbedded
import Testing

@testable import DatasetClient

@Suite struct FlushGatheringTests {
    @Test func whatOneTurnWritesIsFlushedAtItsEnd() throws {
        let channel = try Self.connected()
        for text in ["head", "body"] {
            channel.write(ByteBuffer(string: text), promise: nil)
            channel.flush()
        }
        #expect(try channel.readOutbound(as: ByteBuffer.self) == nil, "not before the turn is over")
        channel.embeddedEventLoop.run()
        #expect(try channel.readOutbound(as: ByteBuffer.self) == ByteBuffer(string: "head"))
        #expect(try channel.readOutbound(as: ByteBuffer.self) == ByteBuffer(string: "body"))
        channel.writeAndFlush(ByteBuffer(string: "next"), promise: nil)
        channel.embeddedEventLoop.run()
        #expect(try channel.readOutbound(as: ByteBuffer.self) == ByteBuffer(string: "next"))
        _ = try channel.finish()
    }

    @Test func whatWasFlushedGoesOutBeforeTheEnd() throws {
        let channel = try Self.connected()
        channel.writeAndFlush(ByteBuffer(string: "last"), promise: nil)
        channel.close(promise: nil)
        #expect(try channel.readOutbound(as: ByteBuffer.self) == ByteBuffer(string: "last"))
        channel.embeddedEventLoop.run()
    }

    private static func connected() throws -> EmbeddedChannel {
        let channel = EmbeddedChannel(handler: FlushGathering())
        try channel.connect(to: SocketAddress(ipAddress: "127.0.0.1", port: 1)).wait()
        return channel
    }
}
