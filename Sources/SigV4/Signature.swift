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
    package static func stringToSign(_ request: CanonicalRequest, timestamp: String, scope: CredentialScope) -> String {
        let digest = Hexadecimal.encode(SHA256.hash(data: Array(request.text.utf8)))
        return "\(algorithm)\n\(timestamp)\n\(scope.text)\n\(digest)"
    }

    /// The signature in lower-case hexadecimal: HMAC-SHA256 under a key derived for the scope alone.
    package static func signature(of stringToSign: String, secretAccessKey: String, scope: CredentialScope) -> String {
        signature(of: stringToSign, under: signingKey(secretAccessKey: secretAccessKey, scope: scope))
    }

    /// The same under a key that was derived already.
    static func signature(of stringToSign: String, under key: SymmetricKey) -> String {
        Hexadecimal.encode(authenticationCode(of: stringToSign, under: key))
    }

    /// Whether the signature is the right one. Takes as long for one that is nearly right as for any other.
    static func isValid(
        _ signature: [UInt8], of stringToSign: String, secretAccessKey: String, scope: CredentialScope
    ) -> Bool {
        HMAC<SHA256>.isValidAuthenticationCode(
            signature, authenticating: Array(stringToSign.utf8),
            using: signingKey(secretAccessKey: secretAccessKey, scope: scope))
    }

    static func signingKey(secretAccessKey: String, scope: CredentialScope) -> SymmetricKey {
        var key = SymmetricKey(data: Array("AWS4\(secretAccessKey)".utf8))
        for part in [scope.day, scope.region, scope.service, CredentialScope.terminator] {
            key = SymmetricKey(data: authenticationCode(of: part, under: key))
        }
        return key
    }

    private static func authenticationCode(of text: String, under key: SymmetricKey) -> HMAC<SHA256>.MAC {
        HMAC<SHA256>.authenticationCode(for: Array(text.utf8), using: key)
    }
}
