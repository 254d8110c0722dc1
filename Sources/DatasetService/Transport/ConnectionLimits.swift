package import NIOCore

/// What one connection may take, and all of them together.
package struct ConnectionLimits: Sendable, Hashable {
    /// Connections at a time; more wait in the system's queue.
    package var connections = 1024
    /// From the connection's start to the end of the first request's head, TLS handshake included.
    package var firstHead: TimeAmount = .seconds(20)
    /// From an answer to the end of the next request's head.
    package var idle: TimeAmount = .seconds(75)
    /// What a body, or an answer, may take however short it is.
    package var grace: TimeAmount = .seconds(20)
    /// How many bytes a second a body has to come with, and an answer has to be taken with, beyond the grace: on the
    /// average since its beginning.
    package var leastBytesPerSecond = 16 * 1024
    /// How long what a client still sends is thrown away after it was answered, so that it gets to read the answer.
    package var linger: TimeAmount = .seconds(5)
    /// Bytes of one header field, name and value.
    package var headerFieldBytes = 16 * 1024
    /// Bytes of all header fields of a request.
    package var headerBytes = 64 * 1024
    /// Header fields of a request.
    package var headerFields = 100
    /// Bytes of all bodies that are in memory.
    package var bodyBytes = 256 * 1024 * 1024

    /// The defaults: four times what the slowest line that is worth serving needs.
    package init() {}
}
