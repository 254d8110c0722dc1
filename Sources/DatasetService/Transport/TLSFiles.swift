import Logging
import NIOCore
import NIOSSL
import Synchronization

/// A certificate with its chain and its key, as PEM files.
package struct TLSFiles: Sendable, Hashable {
    /// The service's own certificate first.
    package var certificate: String
    /// Only its owner and group may read it.
    package var key: String

    package init(certificate: String, key: String) {
        self.certificate = certificate
        self.key = key
    }
}

/// The certificate that holds at the moment; the files may be read again while connections are made.
final class ServerCertificate: Sendable {
    private struct Pair: Sendable {
        var chain: [NIOSSLCertificateSource]
        var key: NIOSSLPrivateKeySource
    }

    private let files: TLSFiles
    private let pair: Mutex<Pair>

    /// Reads the files.
    init(_ files: TLSFiles) throws(AccessError) {
        self.files = files
        pair = Mutex(try Self.read(files))
    }

    /// Takes what the files say now, for connections to come, or keeps what held before where they are not in order.
    func reload() throws(AccessError) {
        let read = try Self.read(files)
        pair.withLock { $0 = read }
    }

    /// TLS 1.2 and later, with the certificate that holds when the connection is made.
    func configuration() -> TLSConfiguration {
        let first = pair.withLock { $0 }
        var configuration = TLSConfiguration.makeServerConfiguration(
            certificateChain: first.chain, privateKey: first.key)
        configuration.minimumTLSVersion = .tlsv12
        configuration.applicationProtocols = ["http/1.1"]
        configuration.sslContextCallback = { _, promise in
            let current = self.pair.withLock { $0 }
            var override = NIOSSLContextConfigurationOverride()
            override.certificateChain = current.chain
            override.privateKey = current.key
            promise.succeed(override)
        }
        return configuration
    }

    private static func read(_ files: TLSFiles) throws(AccessError) -> Pair {
        let keyBytes = try SecretFile.read(files.key)
        let chain: [NIOSSLCertificate]
        do {
            chain = try NIOSSLCertificate.fromPEMFile(files.certificate)
        } catch {
            throw .file(path: files.certificate, reason: "no certificate in PEM can be read from it")
        }
        guard !chain.isEmpty else { throw .file(path: files.certificate, reason: "it holds no certificate") }
        let key: NIOSSLPrivateKey
        do {
            key = try NIOSSLPrivateKey(bytes: Array(keyBytes), format: .pem)
        } catch {
            throw .file(path: files.key, reason: "no private key in PEM can be read from it")
        }
        let pair = Pair(chain: chain.map { .certificate($0) }, key: .privateKey(key))
        do {
            // Fails where the two do not belong together.
            _ = try NIOSSLContext(
                configuration: .makeServerConfiguration(certificateChain: pair.chain, privateKey: pair.key))
        } catch {
            throw .file(path: files.key, reason: "it is not the key of the certificate in \(files.certificate)")
        }
        return pair
    }
}
