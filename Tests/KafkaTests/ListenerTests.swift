import Foundation
import Kafka
import Testing

/// What a process that is launched beside the embedded cluster gets of it.
@Suite(.timeLimit(.minutes(5)))
struct ListenerTests {
    /// Between its start and that of its program a process holds all descriptors of the one that launches it, listeners
    /// too; this one holds on to them for longer.
    @Test func aBrokerGoesDownWhileAProcessHoldsItsListener() async throws {
        let cluster = try EmbeddedCluster(brokers: 2, topics: [("events", 1)])
        let ports = cluster.bootstrapServers.split(separator: ",").compactMap {
            $0.split(separator: ":").last.flatMap { UInt16($0) }
        }
        var holders: [Process] = []
        // A process that is launched from one of the test's threads may have SIGTERM blocked.
        defer { for holder in holders { kill(holder.processIdentifier, SIGKILL) } }
        for port in ports {
            let listener = try #require((3..<4096).first { listens($0, on: port) })
            let holder = Process()
            holder.executableURL = URL(filePath: "/bin/sleep")
            holder.arguments = ["600"]
            holder.standardInput = FileHandle(fileDescriptor: listener, closeOnDealloc: false)
            holder.standardOutput = FileHandle.nullDevice
            holder.standardError = FileHandle.nullDevice
            try holder.run()
            holders.append(holder)
        }
        let properties: KafkaProperties = [
            "bootstrap.servers": cluster.bootstrapServers, "reconnect.backoff.max.ms": "500",
        ]
        let reader = try ClusterReader(properties: properties)
        for _ in 1...3 {
            try cluster.brokerDown(2)
            try cluster.brokerDown()
            let isAnyOpen = ports.contains { port in (3..<4096).contains { listens($0, on: port) } }
            #expect(!isAnyOpen)
            try cluster.brokerUp()
            let logs = try await reader.watermarks(of: "events", timeout: .seconds(30))
            #expect(logs == [Watermarks(low: 0, high: 0)])
        }
        let areHeld = holders.allSatisfy { $0.isRunning }
        #expect(areHeld)
    }

    private func listens(_ descriptor: Int32, on port: UInt16) -> Bool {
        var address = sockaddr_in()
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let isNamed = withUnsafeMutableBytes(of: &address) { bytes in
            bytes.withMemoryRebound(to: sockaddr.self) { getsockname(descriptor, $0.baseAddress, &size) == 0 }
        }
        var isListening: Int32 = 0
        size = socklen_t(MemoryLayout<Int32>.size)
        return isNamed && address.sin_family == sa_family_t(AF_INET) && UInt16(bigEndian: address.sin_port) == port
            && getsockopt(descriptor, SOL_SOCKET, SO_ACCEPTCONN, &isListening, &size) == 0 && isListening != 0
    }
}
