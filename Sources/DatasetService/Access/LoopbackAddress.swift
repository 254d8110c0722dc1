import NIOCore

extension SocketAddress {
    /// Whether only this machine can be at the other end: 127.0.0.0/8, ::1, or a socket in the file system.
    var isLoopback: Bool {
        switch self {
        case .unixDomainSocket: true
        case .v4, .v6:
            switch ipAddress {
            case "::1": true
            case let address?: address.hasPrefix("127.") || address.hasPrefix("::ffff:127.")
            case nil: false
            }
        }
    }

    /// Whether a server that listens on the host cannot be reached from another machine. A name other than `localhost`
    /// is not looked up: it may mean something else tomorrow.
    static func isLoopback(host: String) -> Bool {
        host == "localhost" || (try? SocketAddress(ipAddress: host, port: 0))?.isLoopback ?? false
    }
}
