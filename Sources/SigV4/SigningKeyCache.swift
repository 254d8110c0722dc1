import Crypto
import Synchronization

/// The signing key that was derived last, by four authentication codes, and the beginning of a fifth one by it: what all
/// requests of a day have in common, as long as the credentials stay the same.
///
/// Holds that of one key and never shows it: another secret, day or region takes its place.
final class SigningKeyCache: Sendable, CustomReflectable {
    private struct Entry {
        let secretAccessKey: String
        let scope: CredentialScope
        let code: HMAC<SHA256>

        /// Byte by byte: two spellings of one character are equal strings, and different secrets.
        func isFor(_ secretAccessKey: String, _ scope: CredentialScope) -> Bool {
            self.secretAccessKey.utf8.elementsEqual(secretAccessKey.utf8) && self.scope == scope
        }
    }

    private let last = Mutex<Entry?>(nil)

    /// The code by this secret's key for this scope, which has authenticated nothing yet.
    func code(secretAccessKey: String, scope: CredentialScope) -> HMAC<SHA256> {
        last.withLock { last in
            if let last, last.isFor(secretAccessKey, scope) { return last.code }
            let code = HMAC<SHA256>(key: Signature.signingKey(secretAccessKey: secretAccessKey, scope: scope))
            last = Entry(secretAccessKey: secretAccessKey, scope: scope, code: code)
            return code
        }
    }

    /// `dump` and test frameworks print what the mirror holds.
    var customMirror: Mirror { Mirror(self, children: EmptyCollection()) }
}
