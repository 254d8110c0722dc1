/// Why a request is not believed to be its sender's. Descriptions are for the sender: they never hold a secret, nor the
/// signature that would have been right.
package enum SignatureError: Error, Sendable, Hashable {
    /// There is no `Authorization` header; a signature in the query counts for none.
    case unsigned
    /// The `Authorization` header, or one that goes with it, is not what the protocol asks for.
    case incomplete(String)
    /// Correct for all that is known, but a part of the protocol that is not taken here.
    case unsupported(String)
    /// Signed for another service or region.
    case wrongScope(String)
    /// Signed too long ago or too far ahead.
    case wrongTime(signed: String, now: String)
    /// The body that arrived is not the one that `X-Amz-Content-Sha256` announces.
    case payloadMismatch
    /// Signed with another secret, or something of the request was changed on its way.
    case mismatch
}

extension SignatureError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .unsigned:
            "The request is not signed: it has no Authorization header."
        case .incomplete(let reason):
            "The signature is incomplete: \(reason)."
        case .unsupported(let reason):
            "The signature is not of a kind that is taken here: \(reason)."
        case .wrongScope(let reason):
            "The signature is for another place: \(reason)."
        case .wrongTime(let signed, let now):
            "The signature has expired or is not valid yet: it was made at \(signed), and it is \(now) now; check the clocks."
        case .payloadMismatch:
            "The body is not the one whose hash was signed."
        case .mismatch:
            "The signature does not match the request: check the secret access key, and whether a proxy changes requests."
        }
    }
}
