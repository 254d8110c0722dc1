import FoundationEssentials
import NIOCore
import NIOSSL

/// Who is believed when a server says who it is.
package struct TrustedAuthorities: Sendable, Hashable {
    /// Why a file or folder names no authority.
    package struct Unreadable: Error, Sendable, Hashable, CustomStringConvertible {
        /// The file that was meant.
        package let path: String
        package var description: String { "\(path) cannot be read, or holds no certificate in PEM" }
    }

    private let certificates: Set<NIOSSLCertificate>
    private let besidesSystem: Bool

    /// Reads one or more certificates in PEM. A server's own certificate does too, where it signed itself.
    ///
    /// - Parameters:
    ///   - path: A file, or a folder with files; what is no certificate in a folder is passed over.
    ///   - besidesSystem: Whether the authorities that the system believes are believed too.
    /// - Throws: ``Unreadable``
    package init(path: String, besidesSystem: Bool = false) throws(Unreadable) {
        let files = (try? FileManager.default.contentsOfDirectory(atPath: path)).map { $0.map { "\(path)/\($0)" } }
        certificates = Set((files ?? [path]).flatMap { (try? NIOSSLCertificate.fromPEMFile($0)) ?? [] })
        self.besidesSystem = besidesSystem
        if certificates.isEmpty { throw Unreadable(path: path) }
    }

    /// The file that `AWS_CA_BUNDLE` names, for all that is Amazon's or speaks like it; nil where it is not set.
    ///
    /// Source: AWS SDKs and Tools Reference Guide, "General configuration", `AWS_CA_BUNDLE`.
    package static func bundle(in environment: [String: String]) throws(Unreadable) -> TrustedAuthorities? {
        guard let path = environment["AWS_CA_BUNDLE"], !path.isEmpty else { return nil }
        return try TrustedAuthorities(path: path)
    }

    /// A client's side of TLS.
    var tls: TLSConfiguration {
        var tls = TLSConfiguration.makeClientConfiguration()
        if besidesSystem {
            tls.additionalTrustRoots = [.certificates(Array(certificates))]
        } else {
            tls.trustRoots = .certificates(Array(certificates))
        }
        return tls
    }
}

extension Endpoint {
    /// The TLS that its connections speak.
    ///
    /// - Parameter authorities: who is believed; nil for whom the system believes.
    /// - Returns: nil where they speak none; or why it cannot be spoken.
    func tls(trusting authorities: TrustedAuthorities?) -> Result<NIOSSLContext, any Error>? {
        guard scheme == "https" else { return nil }
        var tls = authorities?.tls ?? TLSConfiguration.makeClientConfiguration()
        tls.applicationProtocols = ["http/1.1"]
        // That the server says goodbye too is worth no waiting: where an answer ends is known without.
        tls.shutdownTimeout = .milliseconds(100)
        return Result { try NIOSSLContext(configuration: tls) }
    }
}
