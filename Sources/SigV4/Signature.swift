import Crypto

/// The two pure steps from a canonical request to its signature, for signer and verifier alike.
///
/// Source: AWS General Reference, "Create a signed AWS API request", steps 3 and 4.
package enum Signature {
    /// How the `Authorization` header begins.
    package static let algorithm = "AWS4-HMAC-SHA256"
    /// Of the signature before it is written in hexadecimal.
    static let byteCount = 32

    /// What is signed: the moment, the scope and the digest of the canonical request.
    package static func stringToSign(
        _ request: CanonicalRequest, timestamp: String, scope: CredentialScope
    ) -> [UInt8] {
        var digest = SHA256()
        request.bytes.withUnsafeBytes { digest.update(bufferPointer: $0) }
        var text: [UInt8] = []
        text.reserveCapacity(256)
        for line in [algorithm, timestamp, scope.text] {
            text += line.utf8
            text.append(UInt8(ascii: "\n"))
        }
        text += digest.finalize().withUnsafeBytes(Hexadecimal.encode).utf8
        return text
    }

    /// The signature in lower-case hexadecimal: HMAC-SHA256 under a key derived for the scope alone.
    package static func signature(
        of stringToSign: [UInt8], secretAccessKey: String, scope: CredentialScope
    ) -> String {
        signature(of: stringToSign, by: HMAC(key: signingKey(secretAccessKey: secretAccessKey, scope: scope)))
    }

    /// The same by the key's code before it has authenticated anything.
    static func signature(of stringToSign: [UInt8], by code: HMAC<SHA256>) -> String {
        var code = code
        code.update(data: stringToSign)
        return code.finalize().withUnsafeBytes(Hexadecimal.encode)
    }

    /// Whether the signature is the right one. Takes as long for one that is nearly right as for any other.
    static func isValid(
        _ signature: [UInt8], of stringToSign: [UInt8], secretAccessKey: String, scope: CredentialScope
    ) -> Bool {
        HMAC<SHA256>.isValidAuthenticationCode(
            signature, authenticating: stringToSign,
            using: signingKey(secretAccessKey: secretAccessKey, scope: scope))
    }

    static func signingKey(secretAccessKey: String, scope: CredentialScope) -> SymmetricKey {
        var key = SymmetricKey(data: Array("AWS4\(secretAccessKey)".utf8))
        for part in [scope.day, scope.region, scope.service, CredentialScope.terminator] {
            key = SymmetricKey(data: HMAC<SHA256>.authenticationCode(for: Array(part.utf8), using: key))
        }
        return key
    }
}
