package import SigV4

/// One place where credentials may come from. Asked before every request, so that rotated ones are found.
package protocol CredentialProvider: Sendable {
    /// - Returns: what to sign with; `nil` where requests are to be sent unsigned.
    func credentials() async throws(CredentialError) -> Credentials?
}

/// Why a place has no credentials to give. Messages name the place and never quote it.
package enum CredentialError: Error, Sendable, Hashable, CustomStringConvertible {
    /// Nothing is configured there: the next place may be asked.
    case absent(String)
    /// Something is configured there that cannot be used. No other place is asked, lest a mistake be papered over with
    /// somebody else's rights.
    case unusable(String)
    /// The service that hands credentials out there has none at the moment: no answer, a failure of its own, expired ones.
    /// No other place is asked, for the same reason; the same place may have some later although nobody changes anything.
    case unavailable(String)

    package var description: String {
        switch self {
        case .absent(let message), .unusable(let message), .unavailable(let message): message
        }
    }
}
