import Foundation
import FoundationNetworking
import Testing

extension EndToEnd {
    @Suite struct ServiceTelemetryTests {
        /// An address under which this machine is another one to itself.
        private static let address = OwnAddress.first

        @Test(
            "A service with keys and no TLS is scraped from elsewhere on its telemetry port, and tells nothing on the API's",
            .enabled(if: Paths.exists(Prometheus.executable), "needs Prometheus, see deploy/install --tests"),
            .enabled(if: address != nil, "needs an address other than loopback"), .timeLimit(.minutes(5)))
        func scraped() async throws {
            let address = try #require(Self.address)
            try await Arena.with { arena in
                let keys = arena.folder.appending(path: "keys.yaml")
                try Data(#"keys: [{id: ALL, secret: "all-1234567890123456", projects: {"*": admin}}]"#.utf8).write(
                    to: keys)
                try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: keys.path)
                let (service, url) = try await arena.startService(options: [
                    "--host", "0.0.0.0", "--keys", keys.path, "--telemetry-host", address, "--telemetry-port", "0",
                ])
                let port = try await arena.telemetryPort(of: service)
                let api = "http://\(address):\(url.split(separator: ":").last ?? "")"
                #expect(try await Self.status("\(api)/metrics") == 404)
                #expect(try await Self.status("\(api)/") == 403)
                #expect(try await Self.status("\(api)/2020-11-20/projects") == 403)
                for path in ["metrics", "status", "healthz", "readyz"] {
                    #expect(try await Self.status("http://\(address):\(port)/\(path)") == 200, "\(path)")
                }
                let prometheus = try await Prometheus(arena: arena, services: ["\(address):\(port)"])
                try await arena.until("the service is scraped", within: .seconds(60)) {
                    try await prometheus.value(#"up{job="linefeed-serve"}"#) == 1
                }
                let refused = #"linefeed_requests_total{operation="ListProjects",status="403"}"#
                #expect(try await prometheus.value(refused) == 1)
                service.terminate()
                try await arena.ended(service, within: .seconds(60))
            }
        }

        private static func status(_ url: String) async throws -> Int? {
            let url = try #require(URL(string: url))
            return (try await URLSession.shared.data(from: url).1 as? HTTPURLResponse)?.statusCode
        }
    }
}

/// The addresses of this machine's network interfaces.
private enum OwnAddress {
    /// The first of version 4 that is not loopback.
    static var first: String? {
        var list: UnsafeMutablePointer<ifaddrs>?
        guard getifaddrs(&list) == 0 else { return nil }
        defer { freeifaddrs(list) }
        for entry in sequence(first: list, next: { $0?.pointee.ifa_next }) {
            guard let address = entry?.pointee.ifa_addr, address.pointee.sa_family == sa_family_t(AF_INET) else {
                continue
            }
            var name = [CChar](repeating: 0, count: Int(NI_MAXHOST))
            let size = socklen_t(MemoryLayout<sockaddr_in>.size)
            guard getnameinfo(address, size, &name, socklen_t(name.count), nil, 0, NI_NUMERICHOST) == 0 else {
                continue
            }
            let text = String(decoding: name.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
            if !text.hasPrefix("127.") { return text }
        }
        return nil
    }
}
