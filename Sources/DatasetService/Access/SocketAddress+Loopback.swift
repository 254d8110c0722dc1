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
}
