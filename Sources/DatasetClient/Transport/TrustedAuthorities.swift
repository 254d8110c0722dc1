import NIOSSL

/// Who is believed when a server says who it is, in place of the authorities that the system believes.
package struct TrustedAuthorities: Sendable {
    /// Why a file names no authority.
    package struct Unreadable: Error, Sendable, Hashable, CustomStringConvertible {
        /// The file that was meant.
        package let path: String
        package var description: String { "\(path) cannot be read, or holds no certificate in PEM" }
    }

    let certificates: [NIOSSLCertificate]

    /// Reads one or more certificates in PEM. A server's own certificate does too, where it signed itself.
    ///
    /// - Throws: ``Unreadable``
    package init(path: String) throws(Unreadable) {
        guard let certificates = try? NIOSSLCertificate.fromPEMFile(path), !certificates.isEmpty else {
            throw Unreadable(path: path)
        }
        self.certificates = certificates
    }
}
