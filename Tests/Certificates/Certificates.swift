import Foundation
package import NIOSSL

/// An authority of one's own, a server's and a client's certificate by it, and a stranger's, in a folder that lives as
/// long as this. Made by the `openssl` command.
package final class Certificates: Sendable {
    package let folder: String

    package init() throws {
        folder = FileManager.default.temporaryDirectory.appending(path: "linefeed-tls-\(UUID().uuidString)").path()
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        for authority in ["ca", "stranger-ca"] {
            try openssl(
                "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
                "-subj", "/CN=\(authority)", "-keyout", "\(authority).key", "-out", "\(authority).pem")
        }
        try issue("server", "subjectAltName=IP:127.0.0.1,DNS:localhost")
        try issue("elsewhere", "subjectAltName=DNS:elsewhere.example")
        try issue("client", "extendedKeyUsage=clientAuth")
        try issue("stranger", "extendedKeyUsage=clientAuth", by: "stranger-ca")
    }

    deinit { try? FileManager.default.removeItem(atPath: folder) }

    package func path(_ name: String) -> String { "\(folder)/\(name)" }

    /// A server's side, with the certificate of this name.
    package func server(_ name: String = "server", asksForClients: Bool = false) throws -> TLSConfiguration {
        var configuration = TLSConfiguration.makeServerConfiguration(
            certificateChain: try NIOSSLCertificate.fromPEMFile(path("\(name).pem")).map { .certificate($0) },
            privateKey: .privateKey(try NIOSSLPrivateKey(file: path("\(name).key"), format: .pem)))
        if asksForClients {
            configuration.trustRoots = .file(path("ca.pem"))
            configuration.certificateVerification = .noHostnameVerification
        }
        return configuration
    }

    private func issue(_ name: String, _ extensions: String, by authority: String = "ca") throws {
        try Data(extensions.utf8).write(to: URL(filePath: path("\(name).ext")))
        try openssl(
            "req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-subj", "/CN=\(name)",
            "-keyout", "\(name).key", "-out", "\(name).csr")
        try openssl(
            "x509", "-req", "-in", "\(name).csr", "-CA", "\(authority).pem", "-CAkey", "\(authority).key",
            "-CAcreateserial", "-days", "2", "-extfile", "\(name).ext", "-out", "\(name).pem")
    }

    private func openssl(_ arguments: String...) throws {
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = ["openssl"] + arguments
        process.currentDirectoryURL = URL(filePath: folder)
        process.standardError = FileHandle.nullDevice
        process.standardOutput = FileHandle.nullDevice
        try process.run()
        process.waitUntilExit()
        guard process.terminationStatus == 0 else { throw Failure(arguments: arguments) }
    }

    struct Failure: Error {
        let arguments: [String]
    }
}
